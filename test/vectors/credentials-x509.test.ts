import assert from 'node:assert/strict';
import { credentialsIdOf } from '../../src/engine/certificates/x509/identity.ts';
import { inspectCertificate } from '../../src/engine/certificates/x509/inspect.ts';
import { walkChain } from '../../src/engine/credentials/certificate/certificate-chain.ts';
import { planProvisioning } from '../../src/engine/credentials/certificate/certificate-provisioning.ts';
import { problemOfPattern } from '../../src/engine/credentials/certificate/java-regex.ts';
import { resolve } from '../../src/engine/credentials/resolve.ts';
import { createVerifySecret } from '../../src/engine/credentials/verify-secret.ts';
import { NO_CERTIFICATE, type PresentedCertificate } from '../../src/model/peer-certificate.ts';
import { derOf } from '../support/der-of.ts';
import { goldenFile, goldenJson } from '../support/golden.ts';
import { memoryProvisioning, type Written } from '../support/memory-provisioning.ts';
import { memoryStore, type VectorStore } from '../support/memory-store.ts';
import type { Difference } from './differences.ts';

/** As ThingsBoard saved them, except names that it made up: those are told by their length. */
interface Changes extends Omit<Written, 'devicesCreated'> {
  readonly devicesCreated?: (Partial<NonNullable<Written['devicesCreated']>[number]> & {
    readonly nameRandomAlphanumeric?: number;
  })[];
}

interface Attempt {
  readonly certificates: Readonly<Record<string, string>>;
  readonly store: VectorStore;
  readonly chain: readonly string[];
  readonly clientId: string;
  readonly userName: string | null;
  readonly password: string | null;
  readonly skipValidityCheck: boolean;
  readonly expected: {
    /** Absent where no certificate was presented, as `chainLookup`. */
    readonly handshake?: 'accepted' | 'rejected';
    readonly chainLookup?: string | null;
    /** Absent after a handshake that was rejected, as `returnCode`. */
    readonly authenticated?: string | null;
    readonly returnCode?: { readonly v3: number; readonly v5: number };
    readonly provision?: boolean;
    readonly gateway?: boolean;
    readonly countedAsAuthFailure?: boolean;
    readonly changes?: Changes;
  };
}

interface X509File {
  readonly certificates: Attempt['certificates'];
  readonly stores: readonly {
    readonly store: VectorStore;
    readonly attempts: readonly Omit<Attempt, 'store' | 'certificates'>[];
  }[];
}

const FILE = 'vectors/thingsboard/x509.json';
const NOW = Date.UTC(2026, 0, 1);

goldenFile<Attempt>(
  FILE,
  () => {
    const { certificates, stores } = goldenJson<X509File>(FILE);
    return stores.flatMap(({ store, attempts }) => attempts.map((one) => ({ ...one, certificates, store })));
  },
  async (attempt) => {
    await checkLookup(attempt);
    await checkConnect(attempt);
  },
  difference,
);

function difference({ chain, certificates, expected, store }: Attempt): Difference | undefined {
  if (expected.changes !== undefined && expected.returnCode?.v3 !== 0) return 'nothing_for_the_refused';
  const holds = chain.slice(1).every((name) => {
    return inspectCertificate(derOf(certificates[name] as string)).basicConstraints?.ca === true;
  });
  if (expected.handshake === 'accepted' && !holds) return 'chain_must_hold';
  return expected.changes !== undefined && !findsNames(chain, certificates, store)
    ? 'pattern_in_linear_time'
    : undefined;
}

/** Whether the pattern of the first profile to which a chain leads can be used. */
function findsNames(
  chain: readonly string[],
  certificates: Attempt['certificates'],
  { profiles }: VectorStore,
): boolean {
  const [profile] = chain.flatMap((name) => {
    const id = credentialsIdOf(derOf(certificates[name] as string));
    return profiles.filter(
      (one) => one.provisionDeviceKey === id && one.provisionType === 'X509_CERTIFICATE_CHAIN',
    );
  });
  const configuration: { readonly certificateRegExPattern?: string } | undefined =
    profile?.profileData?.provisionConfiguration;
  const pattern = configuration?.certificateRegExPattern;
  return pattern === undefined || problemOfPattern(pattern) === undefined;
}

/** The validate-or-create answer alone (`credentials/thingsboard.md` section 4.3): no dates, no signatures. */
async function checkLookup(attempt: Attempt): Promise<void> {
  const { chain, certificates, store, expected } = attempt;
  if (expected.chainLookup === undefined) return;
  const refused = difference(attempt) === 'pattern_in_linear_time';
  const ders = chain.map((name) => derOf(certificates[name] as string));
  const ids = ders.map(credentialsIdOf);
  const { port, written } = memoryProvisioning(store);
  const end = await walkChain(ids, await memoryStore(store).findByCredentialsIds(ids), port);
  assert.equal(await answer(), refused ? null : expected.chainLookup, 'chainLookup');
  if (expected.handshake === 'accepted') assertChanges(written, refused ? {} : (expected.changes ?? {}));

  async function answer(): Promise<string | null> {
    if (end === undefined) return null;
    if ('record' in end) return end.record.device?.id ?? null;
    const plan = await planProvisioning(ders[0] as Buffer, ids[0] as string, end.profile, port);
    // ThingsBoard takes a device with other credentials for a success, and refuses it at CONNECT.
    if (plan.kind === 'refused') return plan.device?.id ?? null;
    if (!(await plan.carryOut())) return null;
    return plan.kind === 'create' ? 'created' : plan.record.deviceId;
  }
}

async function checkConnect(attempt: Attempt): Promise<void> {
  const { store, clientId, userName, password, skipValidityCheck, expected } = attempt;
  const { port, written } = memoryProvisioning(store);
  const decision = await resolve(
    {
      broker: 'generic',
      clientId,
      username: userName ?? undefined,
      password: password ?? undefined,
      certificate: presented(attempt),
    },
    {
      store: memoryStore(store),
      verifySecret: createVerifySecret(),
      now: () => NOW,
      provisionSessions: true,
      skipCertificateDates: skipValidityCheck,
      provisioning: port,
    },
  );
  const rule = difference(attempt);
  const writes = rule !== 'nothing_for_the_refused' && rule !== 'pattern_in_linear_time';
  assertChanges(written, writes ? (expected.changes ?? {}) : {});
  if (rule === 'pattern_in_linear_time') {
    assert.equal(decision.outcome === 'deny' && decision.reason, 'certificate_provisioning_failed');
    return;
  }
  if (expected.handshake === 'rejected' || rule === 'chain_must_hold') {
    assert.equal(decision.outcome === 'deny' && decision.reason, 'certificate_chain_broken');
    return;
  }
  const allowed = decision.outcome === 'allow' ? decision : undefined;
  const { id } = allowed?.device ?? {};
  const isNew = id !== undefined && !store.devices.some((one) => one.id === id);
  assert.deepEqual(
    {
      authenticated: isNew ? 'created' : (id ?? null),
      returnCode: decision.connack,
      provision: allowed?.role === 'provisioning_session',
      gateway: allowed?.role === 'gateway',
      countedAsAuthFailure: decision.outcome === 'deny' && decision.countsAsFailure,
    },
    {
      authenticated: expected.authenticated,
      returnCode: expected.returnCode,
      provision: expected.provision ?? false,
      gateway: expected.gateway ?? false,
      countedAsAuthFailure: expected.countedAsAuthFailure ?? false,
    },
  );
}

function presented({ chain, certificates }: Attempt): PresentedCertificate {
  const [der, ...issuers] = chain.map((name) => derOf(certificates[name] as string));
  if (der === undefined) return NO_CERTIFICATE;
  return { kind: 'certificate', form: 'vector', der, chain: issuers, verification: 'verified' };
}

function assertChanges(written: Written, expected: Changes): void {
  const { devicesCreated, ...others } = expected;
  const { devicesCreated: created, ...rest } = written;
  assert.deepEqual(rest, others, 'changes');
  const device = devicesCreated?.[0];
  if (device?.nameRandomAlphanumeric === undefined) {
    assert.deepEqual(created, devicesCreated, 'devicesCreated');
    return;
  }
  const { nameRandomAlphanumeric: length, ...same } = device;
  assert.deepEqual(created, [{ ...same, name: created?.[0]?.name }]);
  assert.match(created?.[0]?.name ?? '', new RegExp(`^[A-Za-z0-9]{${length}}$`));
}
