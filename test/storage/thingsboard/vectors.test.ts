import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { resolve } from '../../../src/engine/credentials/resolve.ts';
import type { ResolveContext } from '../../../src/engine/credentials/resolve-step.ts';
import { createVerifySecret } from '../../../src/engine/credentials/verify-secret.ts';
import { NO_CERTIFICATE, type PresentedCertificate } from '../../../src/model/peer-certificate.ts';
import { databaseClient } from '../../../src/storage/connections/prisma.ts';
import { byKnownKeys, openChainProfileKeys } from '../../../src/storage/reading/chain-profile-keys.ts';
import { openStorage, type Storage } from '../../../src/storage/reading/storage.ts';
import { openChains } from '../../../src/storage/repositories/profiles/open-chains.ts';
import { derOf } from '../../support/der-of.ts';
import { goldenJson } from '../../support/golden.ts';
import { memoryProvisioning } from '../../support/memory-provisioning.ts';
import { memoryStore, type VectorStore } from '../../support/memory-store.ts';
import { withoutPostgresql } from '../../support/postgresql.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { type ThingsBoardDatabase, thingsBoardDatabase } from './support/thingsboard-database.ts';

/*
 * ThingsBoard's own decisions about connecting, once more with the rows in tables as ThingsBoard has them, read by a user
 * that may only read: what the database's types and the driver make of texts must change no decision.
 */
interface Attempt {
  readonly clientId: string;
  readonly userName: string | null;
  readonly password: string | null;
  readonly sessionOpenRateLimited?: boolean;
  readonly expected: {
    readonly authenticated: string | null;
    readonly returnCode: { readonly v3: number; readonly v5: number };
    readonly provision?: boolean;
    readonly gateway?: boolean;
  };
}

interface ConnectFile {
  readonly stores: readonly {
    readonly name: string;
    readonly store: VectorStore;
    readonly attempts: readonly Attempt[];
  }[];
}

interface CertificateFile {
  readonly certificates: Readonly<Record<string, string>>;
  readonly stores: readonly {
    readonly name: string;
    readonly store: VectorStore;
    readonly attempts: readonly {
      readonly chain: readonly string[];
      readonly clientId: string;
      readonly userName: string | null;
      readonly password: string | null;
      readonly skipValidityCheck: boolean;
    }[];
  }[];
}

const skip = await withoutPostgresql();

describe('ThingsBoard’s decisions out of its own tables', { skip }, () => {
  for (const age of ['new', 'old'] as const) {
    describe(`${age} ones`, () => {
      let thingsboard: ThingsBoardDatabase;
      let storage: Storage;
      before(async () => {
        thingsboard = await thingsBoardDatabase(age);
        storage = await openStorage(
          { kind: 'sqlite', file: join(temporaryFolder(), 'own.db') },
          // A machine that is busy with other tests must not be taken for a database that is down.
          { budgetMs: 30_000, thingsboard: { location: thingsboard.location, stalenessMs: 0 } },
        );
      });
      after(async () => {
        await storage.close();
        await thingsboard.drop();
      });

      for (const { name, store, attempts } of goldenJson<ConnectFile>('vectors/thingsboard/connect.json')
        .stores) {
        test(`${name}: ${attempts.length} attempts`, async () => {
          await thingsboard.fill(store);
          const decide = async ({
            clientId,
            userName,
            password,
            sessionOpenRateLimited,
            expected,
          }: Attempt) => {
            const decision = await resolve(
              {
                broker: 'generic',
                clientId,
                username: userName ?? undefined,
                password: password ?? undefined,
                certificate: NO_CERTIFICATE,
              },
              {
                store: storage.credentials,
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
              },
              {
                authenticated: expected.authenticated,
                returnCode: expected.returnCode,
                provision: expected.provision ?? false,
                gateway: expected.gateway ?? false,
              },
              JSON.stringify({ clientId, userName, password }),
            );
          };
          // All at once: one query for many, as in a reconnect of the whole fleet.
          await Promise.all(attempts.map(decide));
        });
      }
    });
  }
});

/*
 * Certificates: what is decided out of memory (held to ThingsBoard's own decisions by the vectors) is decided out of its
 * tables as well, except that what would be written there is refused, with that reason.
 */
describe('certificates out of ThingsBoard’s tables', { skip }, () => {
  const { certificates, stores } = goldenJson<CertificateFile>('vectors/thingsboard/x509.json');
  let thingsboard: ThingsBoardDatabase;
  const own = { kind: 'sqlite', file: join(temporaryFolder(), 'own.db') } as const;
  let storage: Storage;
  before(async () => {
    thingsboard = await thingsBoardDatabase('old');
    storage = await openStorage(own, {
      budgetMs: 30_000,
      thingsboard: { location: thingsboard.location, stalenessMs: 0 },
    });
  });
  after(async () => {
    await storage.close();
    await thingsboard.drop();
  });

  for (const { name, store, attempts } of stores) {
    test(`${name}: ${attempts.length} attempts`, async () => {
      await thingsboard.fill(store);
      const before = await rows();
      const clients = [
        databaseClient(own),
        databaseClient(thingsboard.location, { readOnly: true }),
      ] as const;
      const chains = openChains(...clients);
      const keys = [own, thingsboard.location].map((one) => openChainProfileKeys(one, 30_000));
      let refused = 0;
      for (const { chain, clientId, userName, password, skipValidityCheck } of attempts) {
        const [der, ...issuers] = chain.map((one) => derOf(certificates[one] as string));
        const certificate: PresentedCertificate =
          der === undefined
            ? NO_CERTIFICATE
            : { kind: 'certificate', form: 'vector', der, chain: issuers, verification: 'verified' };
        const attempt = {
          ...({ broker: 'generic', clientId, certificate } as const),
          username: userName ?? undefined,
          password: password ?? undefined,
        };
        const rest: Omit<ResolveContext, 'store'> = {
          verifySecret: createVerifySecret(),
          now: () => Date.UTC(2026, 0, 1),
          provisionSessions: true,
          skipCertificateDates: skipValidityCheck,
        };
        const { port, written } = memoryProvisioning(store);
        const expected = await resolve(attempt, { ...rest, store: memoryStore(store), provisioning: port });
        const provisioning = byKnownKeys(chains, keys);
        const detail = await resolve(attempt, { ...rest, store: storage.credentials, provisioning });
        const writes = Object.values(written).some((value) => value !== undefined);
        const reason = detail.outcome === 'allow' ? detail.device?.id : detail.reason;
        // A name that is taken shows when it is written, which is not tried there.
        if (
          writes ||
          (reason === 'thingsboard_read_only' &&
            expected.outcome === 'deny' &&
            expected.reason === 'certificate_provisioning_failed')
        ) {
          refused++;
          assert.equal(reason, 'thingsboard_read_only', chain.join());
        } else {
          assert.equal(
            reason,
            expected.outcome === 'allow' ? expected.device?.id : expected.reason,
            chain.join(),
          );
          assert.deepEqual(detail.connack, expected.connack);
        }
      }
      console.log(`${name}: ${refused} of ${attempts.length} would have been written`);
      assert.deepEqual(await rows(), before);
      await Promise.all([...clients, ...keys].map((one) => one.close()));
    });
  }

  const rows = () =>
    thingsboard.sql(
      'SELECT * FROM device_credentials c FULL JOIN device d ON d.id = c.device_id ORDER BY c.id, d.id',
    );
});
