import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type BrokerSettings,
  type Dialect,
  type Question,
  RequestUnreadable,
} from '../../src/brokers/dialect.ts';
import { type Decision, deny } from '../../src/decision.ts';

export const PLAIN_SETTINGS: BrokerSettings = Object.freeze({
  noOpinionOnUnknown: false,
  mountsDevicesApart: false,
  provisionSessions: false,
  certificateForms: new Set<string>(),
});

/** A dialect on a socket with nothing behind it: what it read is kept, what it answers is what `decide` says. */
export interface DialectServer {
  readonly port: number;
  /** What the last request asked; `undefined` when it could not be read. */
  question: Question | undefined;
  decide: () => Decision;
  close(): Promise<void>;
}

export async function serveDialect(dialect: Dialect, settings: BrokerSettings): Promise<DialectServer> {
  const http = createServer({ maxHeaderSize: 131_072, keepAliveTimeout: 60_000 }, (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const { method = '', url = '', headers } = incoming;
      const mark = url.indexOf('?');
      const path = mark === -1 ? url : url.slice(0, mark);
      const endpoint = dialect.endpoints.find(
        (one) => one.path === path && one.methods.some((it) => it === method),
      );
      if (endpoint === undefined) {
        outgoing.writeHead(404, { 'content-length': 0 }).end();
        return;
      }
      const query = mark === -1 ? '' : url.slice(mark + 1);
      let decision: Decision;
      try {
        server.question = endpoint.read({ method, query, headers, body: Buffer.concat(chunks) }, settings);
        decision = server.question.kind === 'settled' ? server.question.decision : server.decide();
      } catch (error) {
        if (!(error instanceof RequestUnreadable)) throw error;
        server.question = undefined;
        decision = deny('request_unreadable');
      }
      const reply = endpoint.answer(decision, server.question);
      const contentLength = Buffer.byteLength(reply.body);
      outgoing.writeHead(reply.status, { ...reply.headers, 'content-length': contentLength }).end(reply.body);
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const server: DialectServer = {
    port: (http.address() as AddressInfo).port,
    question: undefined,
    decide: () => deny('credentials_unknown'),
    close: () =>
      new Promise((resolve) => {
        http.close(() => resolve());
        http.closeAllConnections();
      }),
  };
  return server;
}
