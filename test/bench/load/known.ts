import { readFileSync } from 'node:fs';
import { Installation } from '../../support/process.ts';
import { type Generator, post } from './generator.ts';
import type { MeasuredServer } from './servers.ts';
import { startReference, startThingPass } from './servers.ts';

/** Requests per second, the median of interleaved rounds, beside the empty Fastify route of the same rounds. */
export interface Rate {
  readonly name: string;
  readonly perSecond: number;
  readonly ratio: number;
  /** Processor time of one request, in microseconds. */
  readonly processorTime?: number;
}

export interface Effort {
  readonly rounds: number;
  readonly roundMs: number;
}

interface Target {
  readonly name: string;
  readonly server: MeasuredServer;
  readonly request: string;
  readonly expect: string;
}

const CONNECTIONS = 32;
const SECRET = 'the-secret-of-the-bench';
const FORMS = 'generic:generic_certificate';
const CERTIFICATE = new URL('../../golden/pki/p256.crt.pem', import.meta.url);

/** Whom ThingPass knows, asked again and again. */
export async function measureKnown(generator: Generator, { rounds, roundMs }: Effort): Promise<Rate[]> {
  const environment = {
    THINGPASS_SECRET: SECRET,
    THINGPASS_CERTIFICATE_FORMS: FORMS,
    THINGPASS_SKIP_CERTIFICATE_DATES: 'true',
  };
  const installation = new Installation(environment);
  const create = async (...options: string[]) =>
    (await installation.json<{ secret: string }>('device', 'create', ...options)).secret;
  const token = await create('by-token');
  const password = await create('by-password', '--mqtt-basic', '--username', 'by-password');
  await create('by-certificate', '--x509', CERTIFICATE.pathname);
  const certificate = readFileSync(CERTIFICATE, 'utf8');

  const fastify = await startReference('fastify');
  const http = await startReference('http');
  const thingpass = await startThingPass(installation.environment);
  const proven = { 'X-ThingPass-Secret': SECRET };
  const client = { clientId: 'client-1', username: token };
  const ask = (name: string, path: string, body: object, expect = '"allow"'): Target => ({
    name,
    server: thingpass,
    request: post(path, body, proven),
    expect,
  });
  const empty = {
    name: 'empty Fastify route',
    server: fastify,
    request: post('/', client, proven),
    expect: '"allow"',
  };
  const targets: Target[] = [
    empty,
    { ...empty, name: 'bare node:http', server: http },
    ask('known token', '/v1/connect', client),
    ask('known basic', '/v1/connect', { ...client, username: 'by-password', password }),
    ask('known certificate', '/v1/connect', { clientId: 'client-1', certificate, certificateVerified: true }),
    ask('denied', '/v1/connect', { clientId: 'client-1', username: 'nobody-that-is-known' }, '"deny"'),
    ask('topic check', '/v1/authorize', { ...client, action: 'publish', topic: 'v1/devices/me/telemetry' }),
    ask('known token, EMQX', '/emqx/authentication', {
      clientid: 'client-1',
      username: token,
      password: '',
      peerhost: '10.0.0.1',
      listener: 'tcp:default',
    }),
    ask(
      'known token, NanoMQ',
      '/nanomq/auth',
      {
        clientid: 'client-1',
        username: token,
        password: '',
        ipaddr: '10.0.0.1',
      },
      '200',
    ),
  ];
  try {
    const rates = targets.map(() => [] as number[]);
    const times = targets.map(() => [] as number[]);
    for (let round = -1; round < rounds; round++) {
      for (const [index, { server, request, expect }] of targets.entries()) {
        const until = round < 0 ? roundMs / 2 : roundMs;
        const order = { port: server.port, connections: CONNECTIONS, requests: [request], until, expect };
        const before = server.processorTime();
        const { answered, seconds } = await generator.run(order);
        // The first round warms everybody up.
        if (round < 0) continue;
        rates[index]?.push(answered / seconds);
        times[index]?.push((server.processorTime() - before) / answered);
      }
    }
    const reference = rates[0] as number[];
    return targets.map(({ name }, index) => {
      const own = rates[index] as number[];
      return {
        name,
        perSecond: median(own),
        ratio: median(own.map((rate, round) => rate / (reference[round] as number))),
        processorTime: median(times[index] as number[]),
      };
    });
  } finally {
    await Promise.all([fastify, http, thingpass].map((server) => server.stop()));
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}
