import { randomUUID } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import type { SessionBroker } from '../fleet/broker-sessions/session-end.ts';
import { CleanupStack } from '../util/cleanup-stack.ts';
import { buildApp } from './app.ts';
import { buildDecider } from './build-decider.ts';
import { limitConnections } from './connections.ts';
import { openDecisionInputs } from './decision-inputs.ts';
import { listen, refuseOpenEndpoints } from './listening.ts';
import { inTurn } from './logging/decision-log.ts';
import { openDecisionLog } from './logging/decisions/open-log.ts';
import { RecentDecisions } from './logging/decisions/recent-decisions.ts';
import { RecentSessions } from './logging/decisions/recent-sessions.ts';
import type { OpenExplainer } from './management/explanation.ts';
import { openManagement } from './management.ts';
import { expiryFamilies } from './metrics/expiry-metrics.ts';
import type { MetricFamily } from './metrics/family.ts';
import { Metrics } from './metrics/metrics.ts';
import { createProcessMetrics } from './metrics/process-metrics.ts';
import { ServerMetrics } from './metrics/server-metrics.ts';
import { storageFamilies } from './metrics/storage-metrics.ts';
import { trustFamilies } from './metrics/trust-metrics.ts';
import { type ProcessGroup, singleProcess } from './process-group/group.ts';
import { Shedding } from './shedding.ts';
import { closeApp } from './stopping.ts';
import { Throttle } from './throttle/throttle.ts';
import { RequestsUnderWay } from './under-way.ts';

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
 * @param openExplainer what answers `explain` of the management API.
 * @throws {ThingPassError} `config_invalid` when endpoints would be open to the network.
 */
export async function startServer(
  config: Config,
  log: Logger,
  openExplainer: OpenExplainer,
  processes: ProcessGroup = singleProcess(),
): Promise<RunningServer> {
  refuseOpenEndpoints(config);
  const cleanup = new CleanupStack();
  try {
    return await start(config, log, openExplainer, processes, cleanup);
  } catch (error) {
    await cleanup
      .close()
      .catch((err) => log.error({ err }, 'what a failed start had opened could not all be closed'));
    throw error;
  }
}

async function start(
  config: Config,
  log: Logger,
  openExplainer: OpenExplainer,
  processes: ProcessGroup,
  cleanup: CleanupStack,
): Promise<RunningServer> {
  // Opened first, these count and write until all else is closed.
  const shedding = cleanup.add(new Shedding(config.shedding), (opened) => opened.close());
  const throttle = cleanup.add(new Throttle(config.throttle, processes), (opened) => opened.close());
  const written = cleanup.add(openDecisionLog(config, processes, log), (opened) => opened.close());
  const processMetrics = cleanup.add(createProcessMetrics(), (opened) => opened.close());
  const inputs = await openDecisionInputs(config, processes, log, cleanup);
  const { storage, lists } = inputs;
  const recent = new RecentDecisions();
  const sessions = new RecentSessions(Object.keys(config.endSessions) as SessionBroker[], processes);
  const people = openManagement(
    config,
    processes,
    log,
    inputs,
    openExplainer,
    { recent, sessions, throttle },
    cleanup,
  );

  const metrics = new Metrics();
  metrics.add(processMetrics.families);
  metrics.add(() => storageFamilies(storage.statistics()));
  metrics.add(() => trustFamilies(lists.trust.expiries()));
  metrics.add(() => throttle.families());
  metrics.add(() => shedding.families());
  shareMetrics(processes, metrics, () => expiryFamilies(people.expiry.figures));
  const health = {
    stopping: false,
    worker: processes.worker,
    check: async () => (await Promise.all([storage.check(), processes.problems()])).flat(),
  };
  const underWay = new RequestsUnderWay();
  const app = await buildApp({
    brokers: config.brokers,
    decider: buildDecider(config, processes, log, inputs, { throttle, sessions }),
    decisionLog: inTurn(recent, written),
    decisionMetrics: metrics.decisions,
    shedding,
    onCaller: (address) => throttle.noteCaller(address),
    health,
    underWay,
    metrics: () => processes.askPrimary<readonly MetricFamily[]>('server_metrics', undefined),
    emqxProvisioning: people.emqxProvisioning,
    management: people.management,
    log,
    processes,
  });
  cleanup.add(app, () => closeApp(app, () => shedding.inFlight > 0 || underWay.any()));
  metrics.add(limitConnections(app.server, config.mostConnections));
  await throttle.start();
  const url = processes.role === 'primary' ? '' : await listen(app, config);
  if (processes.role !== 'worker') people.expiry.start();
  if (processes.role === 'single') log.info({ url, database: config.database.kind }, 'listening');

  let stopped: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    health.stopping = true;
    await cleanup.close();
    if (processes.role !== 'worker') log.info('stopped');
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

/**
 * Each process tells what it counted; the primary, which outlives the others, sums.
 * @param ofPrimary what the primary alone finds out.
 */
function shareMetrics(
  processes: ProcessGroup,
  metrics: Metrics,
  ofPrimary: () => readonly MetricFamily[],
): void {
  const process = randomUUID();
  processes.handle('metrics', async () => ({ process, families: await metrics.families() }));
  if (processes.role === 'worker') return;
  const server = new ServerMetrics();
  processes.handle('server_metrics', async () => [...(await server.gather(processes)), ...ofPrimary()]);
}
