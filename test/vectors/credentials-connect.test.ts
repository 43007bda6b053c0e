import assert from 'node:assert/strict';
import { resolve } from '../../src/engine/credentials/resolve.ts';
import { createVerifySecret } from '../../src/engine/credentials/verify-secret.ts';
import { NO_CERTIFICATE } from '../../src/model/peer-certificate.ts';
import { goldenFile, goldenJson } from '../support/golden.ts';
import { memoryStore, type VectorStore } from '../support/memory-store.ts';

interface Attempt {
  readonly store: VectorStore;
  readonly clientId: string;
  readonly userName: string | null;
  readonly password: string | null;
  readonly sessionOpenRateLimited?: boolean;
  readonly expected: {
    readonly authenticated: string | null;
    readonly returnCode: { readonly v3: number; readonly v5: number };
    readonly provision?: boolean;
    readonly gateway?: boolean;
    readonly countedAsAuthFailure?: boolean;
  };
}

interface ConnectFile {
  readonly stores: readonly {
    readonly store: VectorStore;
    readonly attempts: readonly Omit<Attempt, 'store'>[];
  }[];
}

const FILE = 'vectors/thingsboard/connect.json';

goldenFile<Attempt>(
  FILE,
  () =>
    goldenJson<ConnectFile>(FILE).stores.flatMap(({ store, attempts }) =>
      attempts.map((one) => ({ ...one, store })),
    ),
  async ({ store, clientId, userName, password, sessionOpenRateLimited, expected }) => {
    const decision = await resolve(
      {
        broker: 'generic',
        clientId,
        username: userName ?? undefined,
        password: password ?? undefined,
        certificate: NO_CERTIFICATE,
      },
      {
        store: memoryStore(store),
        verifySecret: createVerifySecret(),
        now: () => Date.UTC(2026, 0, 1),
        provisionSessions: true,
        skipCertificateDates: false,
        sessionOpenLimited: () => sessionOpenRateLimited ?? false,
      },
    );
    const allowed = decision.outcome === 'allow' ? decision : undefined;
    assert.deepEqual(
      {
        authenticated: allowed?.device?.id ?? null,
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
    assert.ok(decision.steps.length > 0);
  },
);
