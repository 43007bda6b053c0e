import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import type { EndingBroker } from '../fleet/broker-sessions/session-end.ts';
import { Closing } from '../util/cleanup-stack.ts';
import { buildApp } from './app.ts';
import { buildDecider } from './build-decider.ts';
import { limitConnections } from './connections.ts';
import { openGrounds } from './decision-inputs.ts';
import { closeApp, listen, refuseOpenEndpoints } from './listening.ts';
import { inTurn } from './logging/decision-log.ts';
import { openDecisionLog } from './logging/decisions/open-log.ts';
import { RecentDecisions } from './logging/decisions/recent-decisions.ts';
import { RecentSessions } from './logging/decisions/recent-sessions.ts';
import { openForPeople } from './management.ts';
import { expiryFamilies } from './metrics/expiry-metrics.ts';
import type { MetricFamily } from './metrics/family.ts';
import { Metrics } from './metrics/metrics.ts';
import { createProcessMetrics } from './metrics/process-metrics.ts';
import { storageFamilies } from './metrics/storage-metrics.ts';
import { trustFamilies } from './metrics/trust-metrics.ts';
import { alone, type Crew } from './process-group/group.ts';
import { shareMetrics } from './share-metrics.ts';
import { Shedding } from './shedding.ts';
import { Throttle } from './throttle/throttle.ts';

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
