import { randomBytes } from 'node:crypto';
import type { CredentialsStore } from '../credentials/record.ts';
import { batchCredentials } from './batched-credentials.ts';
import type { DatabaseLocation } from './database-url.ts';
import { migrate } from './migrations/apply.ts';
import { openPostgresqlReader } from './postgresql-reader.ts';
import { serverKey } from './server-key.ts';
import { openSqliteReader } from './sqlite-reader.ts';

/** The database as serving needs it. Management has repositories of its own, opened when first used. */
export interface Storage {
  readonly credentials: CredentialsStore;
  /** Seals passports; one for all replicas of an installation. */
  readonly passportKey: Uint8Array;
  /** True when this call made the database. */
  readonly created: boolean;
  /** @throws when the database cannot be asked. */
  check(): Promise<void>;
  close(): Promise<void>;
}

/** Migrates the database, creating it where there is none, and opens it for deciding. */
export async function openStorage(location: DatabaseLocation): Promise<Storage> {
  const applied = await migrate(location);
  const passportKey = await serverKey(location, 'passport', () => randomBytes(32).toString('base64url'));
  const reader =
    location.kind === 'sqlite'
      ? openSqliteReader(location.file)
      : openPostgresqlReader(location, { connections: 4, answerMs: 1_000 });
  return {
    credentials: batchCredentials(reader),
    passportKey: Buffer.from(passportKey, 'base64url'),
    created: applied.some((name) => name.endsWith('_init')),
    check: () => reader.check(),
    close: () => reader.close(),
  };
}
