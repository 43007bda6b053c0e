/**
 * What a known certificate costs beside a known token: `node --import tsx test/bench/certificates.ts`. The built server runs
 * as a process of its own, the load comes from another, and the kinds take turns within each round, so that whatever else
 * the machine does falls on all of them.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readConfig } from '../../src/config/config.ts';
import { serviceOf } from '../support/device-service.ts';
import { GOLDEN } from '../support/golden.ts';
import { OpenedDevices } from '../support/prisma.ts';
import { Installation, type ServerProcess } from '../support/process.ts';
import type { Load, LoadResult } from './certificate-load.ts';

export interface CertificateFigures {
  readonly name: string;
  /** Median over the rounds. */
  readonly requestsPerSecond: number;
  /** Of the server's processor time, median over the rounds; absent where the system does not tell. */
  readonly microseconds: number | undefined;
  /** Requests per second in parts of those of a token at the same endpoint, median over the rounds. */
  readonly ofToken: number;
  /** The token's processor time in parts of this one's: the same, without the noise of a machine that is shared. */
  readonly ofTokenByProcessor: number | undefined;
}

const SECRET = 'a-secret-for-the-benchmark';
/** Certificates of clients as they are met: RSA and elliptic curves, some with many names. */
const CERTIFICATES = ['p256', 'rsa2048', 'ed25519', 'multirdn', 'san', 'utf8', 'noeku', 'dc-email'] as const;

interface Kind {
  readonly name: string;
  /** The kind that it is compared with. */
  readonly beside: string;
  readonly requests: readonly string[];
}

/** One HTTP request as a broker or proxy writes it. */
function request(path: string, headers: Readonly<Record<string, string>>, body: object): string {
  const text = JSON.stringify(body);
  const lines = Object.entries({
    host: '127.0.0.1',
    'content-type': 'application/json',
    'x-thingpass-secret': SECRET,
    'content-length': String(text.length),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n${text}`;
}

function kindsOf(pems: readonly string[], tokens: readonly string[]): readonly Kind[] {
  const base64 = pems.map((pem) => pem.replaceAll(/-----[^-]+-----|\s/g, ''));
  const emqx = (fields: object) =>
    request('/emqx/authentication', {}, { clientid: 'c', password: '', peerhost: '10.0.0.1', ...fields });
  const generic = (fields: object, headers = {}) =>
    request('/v1/connect', headers, { clientId: 'c', ...fields });
  const ofToken = { username: '', cert_pem: '', cert_common_name: '', cert_subject: '' };
  const names = { cert_common_name: 'meter-0003', cert_subject: 'CN=meter-0003,O=Example Metering,C=NL' };
  return [
    {
      name: 'EMQX, token',
      beside: 'EMQX, token',
      requests: tokens.map((username) => emqx({ ...ofToken, username })),
    },
    {
      name: 'EMQX, cert_pem',
      beside: 'EMQX, token',
      requests: base64.map((text) => emqx({ ...ofToken, ...names, cert_pem: text })),
    },
    {
      name: 'generic, token',
      beside: 'generic, token',
      requests: tokens.map((username) => generic({ username })),
    },
    {
      name: 'generic, DER in the body',
      beside: 'generic, token',
      requests: base64.map((certificate) => generic({ certificate, certificateVerified: true })),
    },
    {
      name: 'generic, nginx header',
      beside: 'generic, token',
      requests: pems.map((pem) =>
        generic({}, { 'x-ssl-client-cert': encodeURIComponent(pem), 'x-ssl-client-verify': 'SUCCESS' }),
      ),
    },
  ];
}

export async function certificateThroughput({
  rounds = 7,
  milliseconds = 500,
  connections = 32,
}: Partial<Pick<Load, 'milliseconds' | 'connections'>> & { readonly rounds?: number } = {}): Promise<
  CertificateFigures[]
> {
  const installation = new Installation({
    THINGPASS_SECRET: SECRET,
    THINGPASS_CERTIFICATE_FORMS: 'emqx:emqx_cert_pem,generic:generic_certificate,generic:nginx',
    THINGPASS_UNCHECKED_CERTIFICATES: 'emqx:emqx_cert_pem',
    THINGPASS_PROXIES: '127.0.0.1',
  });
  const pems = CERTIFICATES.map((name) => readFileSync(`${GOLDEN}/pki/${name}.crt.pem`, 'utf8'));
  const server = await installation.serve();
  const tokens = await makeDevices(installation, pems);
  const load = fork(fileURLToPath(new URL('./certificate-load.ts', import.meta.url)), {
    execArgv: ['--import', 'tsx'],
  });
  try {
    return await measure(kindsOf(pems, tokens), server, load, { rounds, milliseconds, connections });
  } finally {
    load.kill();
    await server.stop();
  }
}

/** One device per certificate, and as many with tokens. @returns the tokens. */
async function makeDevices(installation: Installation, pems: readonly string[]): Promise<string[]> {
  const repository = await OpenedDevices.open(readConfig(installation.environment).database);
  const service = serviceOf(repository);
  const tokens: string[] = [];
  for (const [at, certificate] of pems.entries()) {
    const device = { profileName: 'default', gateway: false };
    await service.create({ ...device, name: `by-certificate-${at}`, request: { kind: 'x509', certificate } });
    const made = await service.create({
      ...device,
      name: `by-token-${at}`,
      request: { kind: 'access_token' },
    });
    tokens.push(made.secret?.value ?? '');
  }
  await repository.close();
  return tokens;
}

interface Measured {
  readonly rate: number;
  readonly microseconds: number | undefined;
}

async function measure(
  kinds: readonly Kind[],
  server: ServerProcess,
  load: ChildProcess,
  { rounds, milliseconds, connections }: Pick<Load, 'milliseconds' | 'connections'> & { rounds: number },
): Promise<CertificateFigures[]> {
  const measured = new Map<string, Measured[]>(kinds.map(({ name }) => [name, []]));
  // The first round warms up both ends and is not counted.
  for (let round = -1; round < rounds; round++) {
    for (const { name, requests } of kinds) {
      const before = processorTime(server.pid);
      load.send({ port: server.port, requests, connections, milliseconds } satisfies Load);
      const [result] = (await once(load, 'message')) as [LoadResult];
      if (result.refused > 0)
        throw new Error(`${name}: ${result.refused} of ${result.answered} were refused`);
      const spent = (processorTime(server.pid) ?? Number.NaN) - (before ?? Number.NaN);
      if (round < 0) continue;
      measured.get(name)?.push({
        rate: (result.answered / result.milliseconds) * 1_000,
        microseconds: Number.isNaN(spent) ? undefined : spent / result.answered,
      });
    }
  }
  return kinds.map(({ name, beside }) => compare(name, measured.get(name) ?? [], measured.get(beside) ?? []));
}

function compare(name: string, own: readonly Measured[], token: readonly Measured[]): CertificateFigures {
  const spent = own.flatMap(({ microseconds }) => microseconds ?? []);
  const byProcessor = own.flatMap(({ microseconds }, at) => {
    const other = token[at]?.microseconds;
    return microseconds === undefined || other === undefined ? [] : [other / microseconds];
  });
  return {
    name,
    requestsPerSecond: Math.round(median(own.map(({ rate }) => rate))),
    microseconds: spent.length === 0 ? undefined : median(spent),
    ofToken: median(own.map(({ rate }, at) => rate / (token[at]?.rate ?? Number.NaN))),
    ofTokenByProcessor: byProcessor.length === 0 ? undefined : median(byProcessor),
  };
}

function median(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN;
}

const MICROSECONDS_PER_TICK = 10_000;

/** Microseconds of processor time that a process and its threads have used, where Linux tells (proc(5)). */
function processorTime(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * MICROSECONDS_PER_TICK;
  } catch {
    return undefined;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const one of await certificateThroughput()) {
    const share = one.ofTokenByProcessor?.toFixed(2) ?? '?';
    console.log(
      `${one.name.padEnd(26)} ${String(one.requestsPerSecond).padStart(7)} requests/s, ${one.ofToken.toFixed(2)} of a token; ${one.microseconds?.toFixed(0)} µs of processor time, ${share} of a token`,
    );
  }
}
