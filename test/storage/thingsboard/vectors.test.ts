import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { NO_CERTIFICATE } from '../../../src/certificates/peer-certificate.ts';
import { resolve } from '../../../src/credentials/resolve.ts';
import { createVerifySecret } from '../../../src/credentials/verify-secret.ts';
import { openStorage, type Storage } from '../../../src/storage/storage.ts';
import { goldenJson } from '../../support/golden.ts';
import type { VectorStore } from '../../support/memory-store.ts';
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
