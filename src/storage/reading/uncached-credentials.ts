import type { CredentialsStore } from '../../engine/credentials/credentials-record.ts';
import { inOrder } from '../cache/in-order.ts';
import { withinTime } from '../cache/within-time.ts';
import type { DatabaseLocation, PostgresqlLocation } from '../connections/database-url.ts';
import { readingFrom } from './credentials-reader.ts';
import { WITHOUT_OWN_TABLES } from './credentials-rows.ts';
import { openPostgresqlReader } from './postgresql-reader.ts';
import { DATABASE_SHARE } from './sources.ts';
import { openSqliteReader } from './sqlite-reader.ts';

/** Credentials as the databases have them at this moment. */
export interface UncachedCredentials extends CredentialsStore {
  close(): Promise<void>;
}

/**
 * Opens a migrated database, and ThingsBoard's before it where there is one, to be read past every cache: a caller that looks up
 * much here makes nobody else wait for what was known.
 * @param budgetMs what a decision may take; the database gets the better part of it.
 */
export function openUncachedCredentials(
  location: DatabaseLocation,
  thingsboard: PostgresqlLocation | undefined,
  budgetMs: number,
): UncachedCredentials {
  const answerMs = budgetMs * DATABASE_SHARE;
  const own =
    location.kind === 'sqlite'
      ? openSqliteReader(location.file)
      : openPostgresqlReader(location, { connections: 1, answerMs });
  const theirs =
    thingsboard &&
    openPostgresqlReader(thingsboard, {
      connections: 1,
      answerMs,
      tables: WITHOUT_OWN_TABLES,
      readOnly: true,
    });
  const readers = theirs === undefined ? [own] : [theirs, own];
  const store = inOrder(readers.map((reader) => withinTime(readingFrom(reader), answerMs)));
  return {
    findByCredentialsIds: (ids) => store.findByCredentialsIds(ids),
    async close() {
      await Promise.all(readers.map((reader) => reader.close()));
    },
  };
}
