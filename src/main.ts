import { randomUUID } from 'node:crypto';
import { type AddressInfo, Server as NetServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { buildApp } from './app.ts';
import { type Message, publishAtEmqx } from './brokers/emqx-api.ts';
import type { EndingBroker } from './brokers/end-sessions/session-end.ts';
import { type Config, ConfigError, isLoopback } from './config.ts';
import type { ChainProvisioning } from './credentials/certificate-chain.ts';
import { createPassports } from './credentials/passport.ts';
import { createScramDecoys } from './credentials/scram-decoy.ts';
import { createVerifySecret } from './credentials/verify-secret.ts';
import { createDecider } from './decider.ts';
import { withinBudget } from './decision-budget.ts';
import { ExpiryWatch } from './devices/expiry/watch.ts';
import type { ProvisionStore } from './devices/provision-store.ts';
import { DeviceSessions } from './devices/sessions/device-sessions.ts';
import { openLife } from './life.ts';
import { inTurn, type WrittenDecisionLog } from './operations/decision-log.ts';
import { gatherDecisions } from './operations/decisions/gather-decisions.ts';
import { openDecisionLog } from './operations/decisions/open-log.ts';
import { RecentDecisions } from './operations/decisions/recent-decisions.ts';
import { createErrorLog } from './operations/error-log.ts';
import { limitConnections } from './operations/load/connections.ts';
import { Shedding } from './operations/load/shedding.ts';
import { expiryFamilies } from './operations/metrics/expiry-metrics.ts';
import type { MetricFamily } from './operations/metrics/family.ts';
import { Metrics } from './operations/metrics/metrics.ts';
import { createProcessMetrics } from './operations/metrics/process-metrics.ts';
import { ServerMetrics } from './operations/metrics/server-metrics.ts';
import { storageFamilies } from './operations/metrics/storage-metrics.ts';
import { trustFamilies } from './operations/metrics/trust-metrics.ts';
import { nameTheUnnamed } from './operations/name-the-unnamed.ts';
import { putRulesInForce, type RulesInForce } from './operations/rules-in-force.ts';
import { RecentSessions } from './operations/sessions/recent-sessions.ts';
import { Throttle } from './operations/throttle/throttle.ts';
import { withThrottle } from './operations/throttle/throttled-decider.ts';
import { openTrustTables, type TrustTables } from './operations/trust-in-force.ts';
import { OutgoingConnections } from './outgoing/call.ts';
import { BROKER_NAMES } from './question.ts';
import { openNames } from './storage/certificate-name-reader.ts';
import { byKnownKeys, openChainProfileKeys } from './storage/chain-profile-keys.ts';
import { openManagementStore } from './storage/management-store.ts';
import { openChains } from './storage/open-chains.ts';
import { openScramKeysReader } from './storage/scram-keys-reader.ts';
import { openStorage } from './storage/storage.ts';
import { openProvisioning } from './storage/thingsboard/provisioning.ts';
import { alone, type Crew, type Methods } from './workers/crew.ts';

export interface RunningServer {
  readonly app: FastifyInstance;
  /** Such as `http://127.0.0.1:8080`; empty in a primary. */
  readonly url: string;
  /** True when the database was made by this start. */
  readonly firstStart: boolean;
  /** Readiness goes red, requests under way finish, the database closes. Safe to call twice. */
  stop(): Promise<void>;
}

/** What writes is in the primary, once: */
const PROVISION: Methods<ProvisionStore> = {
  findProfile: true,
  findDevice: true,
  createDevice: true,
  markProvisioned: true,
};
const CHAINS: Methods<ChainProvisioning> = {
  findProfiles: true,
  findDevice: true,
  create: true,
  renew: true,
};

/**
 * Starts the server, or one process of it: database migrated, app built, listening unless this is the primary of others.
 * @throws {ConfigError} when endpoints would be open to the network.
 */
export async function startServer(config: Config, log: Logger, crew: Crew = alone()): Promise<RunningServer> {
  refuseOpenEndpoints(config);
  const storage = await openStorage(config.database, { ...config.storage, thingsboard: config.thingsboard });
  let rules: RulesInForce;
  let lists: TrustTables;
  try {
    rules = await putRulesInForce(config.rulesFile, storage, log);
  } catch (error) {
    await storage.close();
    throw error;
  }
  try {
    lists = await openTrustTables(config, storage, log);
  } catch (error) {
    rules.close();
    await storage.close();
    throw error;
  }
  const life = openLife(config, crew, log);
  const provisioning = lazily(() =>
    openProvisioning(config.database, config.thingsboard?.location, life.service.keepPassword),
  );
  const provisionStore = crew.inPrimary('provision', provisionThrough(provisioning.open), PROVISION);
  const management = lazily(() =>
    openManagementStore(config.database, life.service, rules.fromFile, config.thingsboard?.location),
  );
  const chains = openChains(config.database, config.thingsboard?.location);
  const chainKeys = [config.database, ...(config.thingsboard ? [config.thingsboard.location] : [])].map(
    (location) => openChainProfileKeys(location, config.storage.budgetMs),
  );
  const naming =
    wantsNames(config) && crew.role !== 'worker' ? nameTheUnnamed(config.database, log) : undefined;
  const names = wantsNames(config)
    ? openNames(config.database, config.thingsboard?.location, config.storage.budgetMs)
    : undefined;
  const scramKeys = openScramKeysReader(config.database, config.storage.budgetMs);
  const health = {
    stopping: false,
    worker: crew.worker,
    check: async () => (await Promise.all([storage.check(), crew.troubles()])).flat(),
  };
  const metrics = new Metrics();
  const processMetrics = createProcessMetrics();
  metrics.add(processMetrics.families);
  metrics.add(() => storageFamilies(storage.statistics()));
  metrics.add(() => trustFamilies(lists.trust.expiries()));
  const throttle = new Throttle(config.throttle, crew);
  metrics.add(() => throttle.families());
  const shedding = new Shedding(config.shedding);
  metrics.add(() => shedding.families());
  const clientAuthorities = () => lists.trust.expiries().authorities;
  const outgoing = new OutgoingConnections();
  const sessions = new RecentSessions(Object.keys(config.endSessions) as EndingBroker[], crew);
  const deviceSessions = new DeviceSessions({
    ...{ config: config.endSessions, connections: outgoing, recent: (id) => sessions.of(id) },
    vernemqMountsApart: config.brokers.vernemq.mountsDevicesApart,
    audit: async (actor, note) => (await management.open()).audit.record(actor, note),
    onError: createErrorLog(log, 'ending sessions, something beside them went wrong'),
  });
  const expiry = new ExpiryWatch({
    ...{ config: config.expiry, store: management.open, configured: clientAuthorities },
    ...{ connections: outgoing, now: Date.now },
    onError: createErrorLog(log, 'what runs out could not be looked at or told; it is tried again'),
  });
  const decoy = createScramDecoys(storage.passportKey);
  const explaining = lazily(async () => {
    const { openExplainer } = await import('./explain/open.ts');
    return openExplainer(config, {
      passportKey: storage.passportKey,
      rules: () => rules.current(),
      ...{ lists, chains, names, scramKeys },
      findDevice: async (idOrName) => (await management.open()).devices.find(idOrName),
      blockOf: (attempt, settings) => throttle.blockOf(attempt, settings),
    });
  });
  const recent = new RecentDecisions();
  shareMetrics(crew, metrics, () => expiryFamilies(expiry.figures));
  let decisionLog: WrittenDecisionLog | undefined;
  try {
    const written = openDecisionLog(config, crew, log);
    decisionLog = written;
    const app = await buildApp({
      brokers: config.brokers,
      decider: withinBudget(
        sessions.remembering(
          withThrottle(
            createDecider({
              credentials: storage.credentials,
              verifySecret: createVerifySecret(life.secrets.schemes, life.needsUpgrade),
              afterLogin: life.afterLogin,
              passports: createPassports(storage.passportKey),
              rules: () => rules.current(),
              skipCertificateDates: config.skipCertificateDates,
              provisioning: byKnownKeys(
                crew.inPrimary('chain', chains, CHAINS, config.storage.budgetMs),
                chainKeys,
              ),
              names,
              trust: lists.trust,
              denyList: () => lists.denyList(),
              scram: { store: scramKeys, decoy },
              now: Date.now,
              onError: createErrorLog(log, 'a decision could not be made'),
            }),
            throttle,
            decoy,
          ),
        ),
        config.storage.budgetMs,
      ),
      decisionLog: inTurn(recent, written),
      decisionMetrics: metrics.decisions,
      shedding,
      onCaller: (address) => throttle.noteCaller(address),
      health,
      metrics: () => crew.askPrimary<readonly MetricFamily[]>('server_metrics', undefined),
      emqxProvisioning: emqxProvisioning(config, async () => provisionStore),
      management: {
        store: management.open,
        blocked: throttle,
        decisions: gatherDecisions(crew, recent),
        explain: async (asked) => (await explaining.open()).explain(asked),
        clientAuthorities,
        importSettings: config.life,
        deviceSessions,
        recentSessions: (id) => sessions.of(id),
        provisionStore: config.brokers.generic.provisionSessions ? async () => provisionStore : undefined,
      },
      log,
      crew,
    });
    metrics.add(limitConnections(app.server, config.mostConnections));
    await throttle.start();
    const url = crew.role === 'primary' ? '' : await listen(app, config);
    if (crew.role !== 'worker') expiry.start();
    if (crew.role === 'alone') log.info({ url, database: config.database.kind }, 'listening');

    let stopped: Promise<void> | undefined;
    const stop = async (): Promise<void> => {
      health.stopping = true;
      await closeApp(app);
      rules.close();
      await explaining.close();
      await provisioning.close();
      await expiry.stop();
      await outgoing.destroy();
      await management.close();
      await chains.close();
      await Promise.all(chainKeys.map((keys) => keys.close()));
      await naming?.stop();
      await names?.close();
      await lists.close();
      await scramKeys.close();
      await life.close();
      await storage.close();
      processMetrics.close();
      written.close();
      throttle.close();
      shedding.close();
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
  } catch (error) {
    decisionLog?.close();
    rules.close();
    await names?.close();
    await lists.close();
    await storage.close();
    throw error;
  }
}

async function listen(app: FastifyInstance, { host, port }: Config): Promise<string> {
  await app.listen({ host, port });
  return urlOf(app.server.address() as AddressInfo);
}

export function urlOf({ address, port, family }: Pick<AddressInfo, 'address' | 'port' | 'family'>): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

/** What is rare, and costs more than the whole start: opened when first asked for, and again where that failed. */
function lazily<Opened extends { close(): Promise<void> }>(open: () => Promise<Opened>) {
  let opened: Promise<Opened> | undefined;
  return {
    open: () => {
      opened ??= open().catch((error: unknown) => {
        opened = undefined;
        throw error;
      });
      return opened;
    },
    close: async () => (await opened)?.close(),
  };
}

/** A store that is opened when first asked. */
function provisionThrough(open: () => Promise<ProvisionStore>): ProvisionStore {
  return {
    findProfile: async (key) => (await open()).findProfile(key),
    findDevice: async (tenantId, name) => (await open()).findDevice(tenantId, name),
    createDevice: async (device) => (await open()).createDevice(device),
    markProvisioned: async (deviceId) => (await open()).markProvisioned(deviceId),
  };
}

/**
 * Each process tells what it counted; the primary, which outlives the others, sums.
 * @param ofPrimary what the primary alone finds out.
 */
function shareMetrics(crew: Crew, metrics: Metrics, ofPrimary: () => readonly MetricFamily[]): void {
  const process = randomUUID();
  crew.handle('metrics', async () => ({ process, families: await metrics.families() }));
  if (crew.role === 'worker') return;
  const server = new ServerMetrics();
  crew.handle('server_metrics', async () => [...(await server.gather(crew)), ...ofPrimary()]);
}

/** EMQX's webhook for provisioning sessions, where they are switched on for it. */
function emqxProvisioning({ brokers, emqxApi }: Config, store: () => Promise<ProvisionStore>) {
  if (!brokers.emqx.provisionSessions) return undefined;
  const publish = emqxApi && ((message: Message) => publishAtEmqx(emqxApi, message));
  return { store, publish, secrets: brokers.emqx.secrets };
}

/** Whether the name of a certificate alone identifies clients of any broker. */
function wantsNames(config: Config): boolean {
  return BROKER_NAMES.some((broker) => (config.brokers[broker].certificateNames ?? 'off') !== 'off');
}

/** Requests under way get this long to be answered before their connections are cut. */
const LONGEST_STOP_MS = 10_000;

/** A connection that was taken just before the stop gets this long to say what it wants. */
const FIRST_REQUEST_MS = 100;

/** Closes the app once its requests are answered; connections that only idle are closed as soon as they do. */
async function closeApp(app: FastifyInstance): Promise<void> {
  const { server } = app;
  // HTTP's own `close` cuts connections that have not asked anything yet.
  if (server.listening) {
    NetServer.prototype.close.call(server);
    await wait(FIRST_REQUEST_MS);
  }
  const closeIdle = setInterval(() => server.closeIdleConnections(), 20);
  const cut = setTimeout(() => server.closeAllConnections(), LONGEST_STOP_MS);
  try {
    await app.close();
  } finally {
    clearInterval(closeIdle);
    clearTimeout(cut);
  }
}

/** Without a secret an endpoint answers anyone who can reach it, so then only this machine may. @throws {ConfigError}. */
export function refuseOpenEndpoints(config: Config): void {
  if (isLoopback(config.host)) return;
  const open = BROKER_NAMES.filter((broker) => config.brokers[broker].secrets.length === 0);
  if (open.length === 0) return;
  throw new ConfigError([
    `THINGPASS_HOST is ${config.host}, which others can reach, and ${open.join(', ')} would answer anyone: set THINGPASS_SECRET`,
  ]);
}
