import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { eventually } from '../storage/support/eventually.ts';
import { GOLDEN } from './golden.ts';
import { temporaryFolder } from './temporary-folder.ts';

const SCRIPT = fileURLToPath(new URL('./rabbitmq.sh', import.meta.url));

export interface RabbitmqNode {
  readonly mqttUrl: string;
  readonly webUrl: string;
  readonly tlsUrl: string;
  stop(): Promise<void>;
}

export interface NodeOptions {
  /** Where ThingPass answers, with user name and secret. */
  readonly webhookUrl: string;
  readonly method: 'get' | 'post';
  /** Certificate login over TLS by this name; none: no TLS. */
  readonly loginFrom?: 'common_name' | 'distinguished_name';
  /** Where the management API answers `guest`, whom ThingPass does not know. */
  readonly managementPort?: number;
  /** A whole rabbitmq.conf for the ports that it is told, instead of one made from the options above. */
  readonly configuration?: (ports: { readonly mqtt: number; readonly web: number }) => string;
}

/** A real node on free ports of its own, next to any other; the caller stops it. */
export async function startRabbitmq(options: NodeOptions): Promise<RabbitmqNode> {
  const port = await fiveFreePorts();
  const environment = {
    ...process.env,
    RMQ_MQTT_PORT: String(port),
    RMQ_DIR: join(temporaryFolder(), 'node'),
    RMQ_WEBHOOK_URL: options.webhookUrl,
    RMQ_HTTP_METHOD: options.method,
    // Longer than a busy machine needs for an answer.
    RMQ_REQUEST_TIMEOUT_MS: '60000',
    RMQ_START_TIMEOUT: '180',
    RMQ_CONF: options.configuration?.({ mqtt: port, web: port + 1 }) ?? '',
    ...(options.loginFrom === undefined ? {} : tls(options.loginFrom)),
    ...(options.managementPort === undefined ? {} : management(options.managementPort)),
  };
  await run('start', environment);
  if (options.managementPort !== undefined) await untilManaged(options.managementPort);
  let running = true;
  process.once('exit', () => {
    if (running) spawnSync('bash', [SCRIPT, 'stop'], { env: environment });
  });
  return {
    mqttUrl: `mqtt://127.0.0.1:${port}`,
    webUrl: `ws://127.0.0.1:${port + 1}/ws`,
    tlsUrl: `mqtts://localhost:${port + 2}`,
    async stop() {
      running = false;
      await run('stop', environment);
    },
  };
}

function tls(loginFrom: string): Record<string, string> {
  return {
    RMQ_TLS_CA: join(GOLDEN, 'pki/root.crt.pem'),
    RMQ_TLS_CERT: join(GOLDEN, 'pki/server.crt.pem'),
    RMQ_TLS_KEY: join(GOLDEN, 'pki/server.key.pem'),
    RMQ_CERT_LOGIN_FROM: loginFrom,
  };
}

function management(port: number): Record<string, string> {
  const conf = [
    'auth_backends.2 = internal',
    'management.tcp.ip = 127.0.0.1',
    `management.tcp.port = ${port}`,
  ];
  return { RMQ_EXTRA_PLUGINS: 'rabbitmq_management', RMQ_EXTRA_CONF: conf.join('\n') };
}

/** Until the management API answers, which comes up by itself, and has loaded what a question about connections needs. */
async function untilManaged(port: number): Promise<void> {
  const headers = { authorization: `Basic ${Buffer.from('guest:guest').toString('base64')}` };
  await eventually(async () => {
    const { status } = await fetch(`http://127.0.0.1:${port}/api/connections`, { headers });
    assert.equal(status, 200);
  }, 60_000);
}

/** A port that nobody has just now. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

async function run(command: 'start' | 'stop', env: NodeJS.ProcessEnv): Promise<void> {
  await promisify(execFile)('bash', [SCRIPT, command], { env });
}

/** The first of five ports in a row, which the script takes: MQTT, web-MQTT, TLS, distribution, epmd. */
async function fiveFreePorts(): Promise<number> {
  for (;;) {
    const first = 20_000 + Math.floor(Math.random() * 10_000);
    const free = await Promise.all([0, 1, 2, 3, 4].map((offset) => isFree(first + offset)));
    if (free.every(Boolean)) return first;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
