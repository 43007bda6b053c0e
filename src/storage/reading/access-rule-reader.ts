import Database from 'libsql';
import type pg from 'pg';
import type { StoredRule } from '../../engine/access/stored-rule.ts';
import type { DatabaseLocation } from '../connections/database-url.ts';
import { connectionConfig, driver } from '../connections/postgresql-connection.ts';
import { retryWhileBusy } from '../connections/retry-busy.ts';

const SELECT = `SELECT id, permission, action, filter, qos, retain, profile_id AS "profileId",
    device_id AS "deviceId", note
  FROM access_rule ORDER BY position, created_time, id`;

/**
 * All rules in the database, in their order. They change rarely, so nothing is kept open for them.
 * @throws when the database cannot be asked.
 */
export function readAccessRules(location: DatabaseLocation): Promise<readonly StoredRule[]> {
  if (location.kind === 'sqlite') return retryWhileBusy(async () => readSqlite(location.file));
  return readPostgresql(connectionConfig(location, { connectMs: 1_000, answerMs: 5_000, readOnly: true }));
}

function readSqlite(file: string): readonly StoredRule[] {
  const database = new Database(file, { readonly: true, fileMustExist: true, timeout: 0 });
  try {
    return database.prepare(SELECT).all() as StoredRule[];
  } finally {
    database.close();
  }
}

async function readPostgresql(config: pg.ClientConfig): Promise<readonly StoredRule[]> {
  const client = new (driver().Client)(config);
  // An error that strikes between two queries is also the next query's.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return (await client.query<StoredRule>(SELECT)).rows;
  } finally {
    // Not waited for: the other side may be gone.
    client.end().catch(() => undefined);
  }
}
