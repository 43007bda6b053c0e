import type Database from 'libsql';
import type { CredentialsRecord } from '../../engine/credentials/credentials-record.ts';
import { ThingPassError } from '../../model/errors.ts';
import { isStorable } from '../../util/storable-text.ts';
import { retryWhileBusy } from '../connections/retry-busy.ts';
import { openSqliteFile } from '../connections/sqlite-file.ts';
import type { CredentialsReader } from './credentials-reader.ts';
import { CREDENTIALS_COLUMNS, OWN_TABLES, selectCredentials, toRecords, toRow } from './credentials-rows.ts';

const SELECT = selectCredentials(
  'c.credentials_id IN (SELECT value FROM json_each(?))',
  "json_extract(p.profile_data, '$.transportConfiguration')",
  OWN_TABLES,
);

/** All rows in one JSON text: the driver takes several times as long for every value as SQLite and V8 for writing and reading it so. */
const AS_ONE_TEXT = `SELECT json_group_array(json_array(${CREDENTIALS_COLUMNS.join(', ')})) FROM (${SELECT})`;

function readAll(select: Database.Statement, asked: string): Map<string, CredentialsRecord> {
  let text: string;
  try {
    [text] = select.get(asked) as [string];
  } catch (error) {
    if (error instanceof Error && error.message.includes('JSON cannot hold BLOB'))
      throw new ThingPassError(
        'row_unreadable',
        'a credentials row holds bytes where there should be a text',
      );
    throw error;
  }
  return toRecords((JSON.parse(text) as unknown[][]).map(toRow));
}

/** Reads credentials from the SQLite file through a separate read-only connection: webhooks never touch the writer's. */
export function openSqliteReader(file: string): CredentialsReader {
  const opened = openSqliteFile(file, (database) => ({
    // One prepared statement for any number of ids; json_each keeps the index on credentials_id in use.
    select: database.prepare(AS_ONE_TEXT).raw(),
    ping: database.prepare('SELECT 1 FROM device_credentials LIMIT 1'),
  }));
  const use = <Result>(work: (prepared: ReturnType<typeof opened.current>) => Result): Promise<Result> =>
    retryWhileBusy(async () => {
      try {
        return work(opened.current());
      } catch (error) {
        opened.renew();
        throw error;
      }
    });
  return {
    read(ids) {
      const asked = JSON.stringify(ids.filter(isStorable));
      return use(({ select }) => readAll(select, asked));
    },
    async check() {
      await use(({ ping }) => ping.all());
    },
    async close() {
      opened.close();
    },
  };
}
