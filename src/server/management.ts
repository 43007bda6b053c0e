import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import { DeviceSessions } from '../fleet/broker-sessions/device-sessions.ts';
import { type Message, publishAtEmqx } from '../fleet/broker-sessions/emqx-api.ts';
import { ExpiryWatch } from '../fleet/devices/expiry/watch.ts';
import type { ProvisionStore } from '../fleet/devices/provision/provision-store.ts';
import { openManagementStore } from '../storage/repositories/management-store.ts';
import { openProvisioning } from '../storage/thingsboard/provisioning.ts';
import type { CleanupStack } from '../util/cleanup-stack.ts';
import { lazy, onFirstUse } from '../util/lazy.ts';
import { OutgoingConnections } from '../util/outgoing-call.ts';
import type { DecisionInputs } from './decision-inputs.ts';
import { gatherDecisions } from './logging/decisions/gather-decisions.ts';
import type { RecentDecisions } from './logging/decisions/recent-decisions.ts';
import type { RecentSessions } from './logging/decisions/recent-sessions.ts';
import { createErrorLog } from './logging/error-log.ts';
import type { OpenExplainer } from './management/explanation.ts';
import type { ManagementParts } from './management/server.ts';
import type { Methods, ProcessGroup } from './process-group/group.ts';
import type { Throttle } from './throttle/throttle.ts';
import type { EmqxProvisioning } from './webhooks/emqx-provision.ts';

/** What writes is in the primary, once. */
const PROVISION: Methods<ProvisionStore> = {
  findProfile: true,
  findDevice: true,
  createDevice: true,
  markProvisioned: true,
};

/** Everything besides decisions: the management API, provisioning, and the tools behind it. */
export interface ForPeople {
  readonly management: Omit<ManagementParts, 'log'>;
  readonly emqxProvisioning: Omit<EmqxProvisioning, 'log'> | undefined;
  /** To be started once the server listens. */
  readonly expiry: ExpiryWatch;
}

/**
 * @param openExplainer brings the deciding code that writes nothing, once somebody asks why.
 * @param decided what this process remembers of decisions and sessions, and whom it blocks.
 */
export function openManagement(
  config: Config,
  processes: ProcessGroup,
  log: Logger,
  inputs: DecisionInputs,
  openExplainer: OpenExplainer,
  decided: { recent: RecentDecisions; sessions: RecentSessions; throttle: Throttle },
  cleanup: CleanupStack,
): ForPeople {
  const { storage, client, rules, lists, credentialLifecycle, scramKeys, names, chains } = inputs;
  const { recent, sessions, throttle } = decided;
  const thingsboard = config.thingsboard?.location;
  const openStore = onFirstUse(() =>
    openManagementStore(client, credentialLifecycle.service, rules.fromFile, thingsboard),
  );
  const connections = cleanup.add(new OutgoingConnections(), (opened) => opened.destroy());
  const clientAuthorities = () => lists.trust.expiries().authorities;
  const recentSessions = (id: string) => sessions.of(id);
  const expiry = new ExpiryWatch({
    config: config.expiry,
    store: openStore,
    configured: clientAuthorities,
    connections,
    now: Date.now,
    onError: createErrorLog(log, 'what runs out could not be looked at or told; it is tried again'),
  });
  cleanup.add(expiry, () => expiry.stop());
  const provisioning = onFirstUse(() =>
    openProvisioning(client, inputs.thingsboardClient, credentialLifecycle.service.keepPassword),
  );
  const provisionStore = processes.inPrimary('provision', provisionThrough(provisioning), PROVISION);
  const explaining = lazy(async () =>
    openExplainer(config, {
      passportKey: storage.passportKey,
      rules: () => rules.current(),
      lists,
      chains,
      names,
      scramKeys,
      findDevice: async (idOrName) => (await openStore()).devices.find(idOrName),
      blockOf: (attempt, settings) => throttle.blockOf(attempt, settings),
    }),
  );
  cleanup.add(explaining, () => explaining.close());
  return {
    management: {
      store: openStore,
      blocked: throttle,
      decisions: gatherDecisions(processes, recent),
      explain: async (asked) => (await explaining.open()).explain(asked),
      clientAuthorities,
      importSettings: config.credentialLifecycle,
      deviceSessions: new DeviceSessions({
        config: config.endSessions,
        connections,
        recent: recentSessions,
        vernemqPerDeviceMountpoint: config.brokers.vernemq.perDeviceMountpoint,
        audit: async (actor, note) => (await openStore()).audit.record(actor, note),
        onError: createErrorLog(log, 'sessions could not be ended'),
      }),
      recentSessions,
      provisionStore: config.brokers.generic.provisionSessions ? async () => provisionStore : undefined,
    },
    emqxProvisioning: emqxProvisioning(config, provisionStore),
    expiry,
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

/** EMQX's webhook for provisioning sessions, where they are enabled for it. */
function emqxProvisioning({ brokers, emqxApi }: Config, store: ProvisionStore) {
  if (!brokers.emqx.provisionSessions) return undefined;
  const publish = emqxApi && ((message: Message) => publishAtEmqx(emqxApi, message));
  return { store: async () => store, publish, secrets: brokers.emqx.secrets };
}
