import { type CredentialsReader, isStorable } from './credentials-reader.ts';
import { type CredentialsRow, OWN_TABLES, selectCredentials, toRecords } from './credentials-rows.ts';
import { retryWhileBusy } from './retry-busy.ts';
import { openSqliteFile } from './sqlite-file.ts';

/** Reads credentials from the SQLite file through a read-only connection of its own: webhooks never touch the writer's. */
export function openSqliteReader(file: string): CredentialsReader {
  const opened = openSqliteFile(file, (database) => ({
    // One prepared statement for any number of ids; json_each keeps the index on credentials_id in use.
    select: database.prepare(
      selectCredentials(
        'c.credentials_id IN (SELECT value FROM json_each(?))',
        "json_extract(p.profile_data, '$.transportConfiguration')",
        OWN_TABLES,
      ),
    ),
    ping: database.prepare('SELECT 1 FROM device_credentials LIMIT 1'),
  }));
  return {
    read(ids) {
      const asked = JSON.stringify(ids.filter(isStorable));
      return retryWhileBusy(async () => toRecords(opened.current().select.all(asked) as CredentialsRow[]));
    },
    async check() {
      await retryWhileBusy(async () => opened.current().ping.all());
    },
    async close() {
      opened.close();
    },
  };
}
