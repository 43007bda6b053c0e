import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { type Config, readConfig } from '../../src/config/config.ts';
import type { Decider } from '../../src/engine/deciding/decider.ts';
import { buildApp } from '../../src/server/app.ts';
import { createDecisionLog } from '../../src/server/logging/decision-log.ts';
import { createLog } from '../../src/server/logging/log.ts';
import { Metrics } from '../../src/server/metrics/metrics.ts';
import { singleProcess } from '../../src/server/process-group/group.ts';
import { Shedding } from '../../src/server/shedding.ts';
import { startServer } from '../../src/server/start.ts';
import { openExplainer } from '../../src/tools/explain/open.ts';
import { keepLog, keepSecretSettings } from './kept-logs.ts';
import { PATIENT } from './patience.ts';
import { temporaryFolder } from './temporary-folder.ts';

export interface TestServer {
  readonly url: string;
  readonly port: number;
  /** Everything that was logged, as parsed lines. */
  readonly logged: readonly Record<string, unknown>[];
  readonly config: Config;
  close(): Promise<void>;
}

/** The configuration of a server on a free loopback port with a database of its own. */
export function testConfig(environment: Record<string, string> = {}): Config {
  keepSecretSettings(environment);
  return readConfig({
    DATABASE_URL: `file:${join(temporaryFolder(), 'test.db')}`,
    THINGPASS_PORT: '0',
    THINGPASS_LOG_LEVEL: 'debug',
    ...PATIENT,
    ...environment,
  });
}

/** The whole server with a real database; the caller closes it. */
export async function startTestServer(environment: Record<string, string> = {}): Promise<TestServer> {
  const config = testConfig(environment);
  const { log, logged } = gatheringLog();
  const server = await startServer(config, log, openExplainer);
  return {
    url: server.url,
    port: Number(new URL(server.url).port),
    logged,
    config,
    close: () => server.stop(),
  };
}

/** An app that answers webhooks and does not listen. */
export interface WebhooksApp {
  readonly app: FastifyInstance;
  readonly logged: readonly Record<string, unknown>[];
  readonly config: Config;
}

/** The webhooks alone, with a decider of the test's. */
export async function buildWebhooks(
  decider: Decider,
  environment: Record<string, string> = {},
): Promise<WebhooksApp> {
  const config = testConfig(environment);
  const { log, logged } = gatheringLog();
  const metrics = new Metrics();
  const shedding = new Shedding(config.shedding);
  metrics.add(() => shedding.families());
  const app = await buildApp({
    brokers: config.brokers,
    decider,
    decisionLog: createDecisionLog(log),
    decisionMetrics: metrics.decisions,
    shedding,
    metrics: () => metrics.families(),
    health: { stopping: false, check: async () => undefined },
    processes: singleProcess(),
    log,
  });
  app.addHook('onClose', () => shedding.close());
  return { app, logged, config };
}

/**
 * The webhooks alone over real HTTP, with a decider of the test's: for what a dialect does with a decision that the test
 * chooses, such as "the database is down".
 */
export async function startWebhooks(
  decider: Decider,
  environment: Record<string, string> = {},
): Promise<TestServer> {
  const { app, logged, config } = await buildWebhooks(decider, environment);
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, port, logged, config, close: () => app.close() };
}

/** A log whose lines are there to be looked at, and are kept like those of a process. */
export function gatheringLog() {
  const logged: Record<string, unknown>[] = [];
  const keep = keepLog();
  const write = (line: string): void => {
    keep(line);
    logged.push(JSON.parse(line));
  };
  return { log: createLog('debug', { write }), logged };
}
