import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { buildApp } from './app.ts';
import type { EndingBroker } from './brokers/end-sessions/session-end.ts';
import type { Config } from './config.ts';
import { inTurn } from './operations/decision-log.ts';
import { openDecisionLog } from './operations/decisions/open-log.ts';
import { RecentDecisions } from './operations/decisions/recent-decisions.ts';
import { limitConnections } from './operations/load/connections.ts';
import { Shedding } from './operations/load/shedding.ts';
import { expiryFamilies } from './operations/metrics/expiry-metrics.ts';
import type { MetricFamily } from './operations/metrics/family.ts';
import { Metrics } from './operations/metrics/metrics.ts';
import { createProcessMetrics } from './operations/metrics/process-metrics.ts';
import { storageFamilies } from './operations/metrics/storage-metrics.ts';
import { trustFamilies } from './operations/metrics/trust-metrics.ts';
import { RecentSessions } from './operations/sessions/recent-sessions.ts';
import { Throttle } from './operations/throttle/throttle.ts';
import { buildDecider } from './start/build-decider.ts';
import { Closing } from './start/closing.ts';
import { openForPeople } from './start/for-people.ts';
import { openGrounds } from './start/grounds.ts';
import { closeApp, listen, refuseOpenEndpoints } from './start/listening.ts';
import { shareMetrics } from './start/share-metrics.ts';
import { alone, type Crew } from './workers/crew.ts';

export interface RunningServer {
  readonly app: FastifyInstance;
  /** Such as `http://127.0.0.1:8080`; empty in a primary. */
  readonly url: string;
  /** True when the database was made by this start. */
  readonly firstStart: boolean;
  /** Readiness goes red, requests under way finish, the database closes. Safe to call twice. */
  stop(): Promise<void>;
}

/**
 * Starts the server, or one process of it: database migrated, app built, listening unless this is the primary of others.
 * A start that fails leaves nothing open.
 * @throws {ConfigError} when endpoints would be open to the network.
 */
export async function startServer(config: Config, log: Logger, crew: Crew = alone()): Promise<RunningServer> {
  refuseOpenEndpoints(config);
  const closing = new Closing();
  try {
    return await start(config, log, crew, closing);
  } catch (error) {
    await closing
      .close()
      .catch((err) => log.error({ err }, 'what a failed start had opened could not all be closed'));
    throw error;
  }
}

async function start(config: Config, log: Logger, crew: Crew, closing: Closing): Promise<RunningServer> {
  // Opened first, these count and write until all else is closed.
  const shedding = closing.add(new Shedding(config.shedding), (opened) => opened.close());
  const throttle = closing.add(new Throttle(config.throttle, crew), (opened) => opened.close());
  const written = closing.add(openDecisionLog(config, crew, log), (opened) => opened.close());
  const processMetrics = closing.add(createProcessMetrics(), (opened) => opened.close());
  const grounds = await openGrounds(config, crew, log, closing);
  const { storage, lists } = grounds;
  const recent = new RecentDecisions();
  const sessions = new RecentSessions(Object.keys(config.endSessions) as EndingBroker[], crew);
  const people = openForPeople(config, crew, log, grounds, { recent, sessions, throttle }, closing);

  const metrics = new Metrics();
  metrics.add(processMetrics.families);
  metrics.add(() => storageFamilies(storage.statistics()));
  metrics.add(() => trustFamilies(lists.trust.expiries()));
  metrics.add(() => throttle.families());
  metrics.add(() => shedding.families());
  shareMetrics(crew, metrics, () => expiryFamilies(people.expiry.figures));
  const health = {
    stopping: false,
    worker: crew.worker,
    check: async () => (await Promise.all([storage.check(), crew.troubles()])).flat(),
  };
  const app = await buildApp({
    brokers: config.brokers,
    decider: buildDecider(config, crew, log, grounds, { throttle, sessions }),
    decisionLog: inTurn(recent, written),
    decisionMetrics: metrics.decisions,
    shedding,
    onCaller: (address) => throttle.noteCaller(address),
    health,
    metrics: () => crew.askPrimary<readonly MetricFamily[]>('server_metrics', undefined),
    emqxProvisioning: people.emqxProvisioning,
    management: people.management,
    log,
    crew,
  });
  closing.add(app, closeApp);
  metrics.add(limitConnections(app.server, config.mostConnections));
  await throttle.start();
  const url = crew.role === 'primary' ? '' : await listen(app, config);
  if (crew.role !== 'worker') people.expiry.start();
  if (crew.role === 'alone') log.info({ url, database: config.database.kind }, 'listening');

  let stopped: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    health.stopping = true;
    await closing.close();
    if (crew.role !== 'worker') log.info('stopped');
  };
  return {
    app,
    url,
    firstStart: storage.created,
    stop: () => {
      stopped ??= stop();
      return stopped;
    },
  };
}
