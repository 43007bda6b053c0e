import { createServer, request as forward } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { BrokerName } from '../../../../src/model/question.ts';
import { type SpokenFor, speakersFor } from '../../../support/speakers.ts';
import type { RawRequest } from './wire.ts';

/** Of the connection, and of the HTTP client that speaks for the brokers. */
const OF_THE_CLIENT = new Set([
  ...['host', 'connection', 'content-length', 'transfer-encoding', 'accept', 'accept-language'],
  ...['accept-encoding', 'sec-fetch-mode', 'user-agent'],
]);

/** A topic to which ThingsBoard's devices may publish. */
export const TOPIC = 'v1/devices/me/telemetry';

/**
 * What every broker sends for a client that connects and publishes: the speakers' words, kept by a proxy in between.
 * @throws when a broker's answer cannot be understood.
 */
export async function recordRequests(
  url: string,
  client: SpokenFor,
  secret: string,
): Promise<Map<BrokerName, RawRequest[]>> {
  let recorded: RawRequest[] = [];
  const proxy = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const { method = '', url: target = '' } = incoming;
    const headers = Object.entries(incoming.headers as Record<string, string>);
    recorded.push({ method, target, body, headers: headers.filter(([name]) => !OF_THE_CLIENT.has(name)) });
    forward(url + target, { method, headers: incoming.headers }, (reply) => {
      outgoing.writeHead(reply.statusCode ?? 0, reply.headers);
      reply.pipe(outgoing);
    }).end(body);
  });
  await new Promise<void>((listening) => proxy.listen(0, '127.0.0.1', listening));
  try {
    const speakers = speakersFor(`http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, client, secret);
    const all = new Map<BrokerName, RawRequest[]>();
    for (const [broker, { connect, topic }] of Object.entries(speakers)) {
      recorded = [];
      await connect();
      await topic?.('publish', TOPIC);
      all.set(broker as BrokerName, recorded);
    }
    return all;
  } finally {
    proxy.closeAllConnections();
    proxy.close();
  }
}
