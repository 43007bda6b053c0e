import Database from 'libsql';
import type { CredentialsRecord } from '../credentials/record.ts';
import { type CredentialsRow, selectCredentials, toRecords } from './credentials-rows.ts';

/** Reads credentials from the SQLite file through a read-only connection of its own: webhooks never touch the writer's. */
export interface CredentialsReader {
  read(ids: readonly string[]): Promise<Map<string, CredentialsRecord>>;
  /** @throws when the database cannot be asked. */
  check(): Promise<void>;
  close(): Promise<void>;
}

export function openSqliteReader(file: string): CredentialsReader {
  const database = new Database(file, { readonly: true, fileMustExist: true, timeout: 500 });
  // One prepared statement for any number of ids; json_each keeps the index on credentials_id in use.
  const select = database.prepare(
    selectCredentials(
      'c.credentials_id IN (SELECT value FROM json_each(?))',
      "json_extract(p.profile_data, '$.transportConfiguration')",
    ),
  );
  const ping = database.prepare('SELECT 1 FROM device_credentials LIMIT 1');
  return {
    async read(ids) {
      return toRecords(select.all(JSON.stringify(ids)) as CredentialsRow[]);
    },
    async check() {
      ping.all();
    },
    async close() {
      database.close();
    },
  };
}
