import Database from 'libsql';
import type { KeptScramKeys, ScramKeyStore } from '../../engine/credentials/scram-login.ts';
import { readScramKeys } from '../../engine/secrets/stored-scram.ts';
import type { DatabaseLocation, PostgresqlLocation } from '../connections/database-url.ts';
import { connectionConfig, driver } from '../connections/postgresql-connection.ts';
import { retryWhileBusy } from '../connections/retry-busy.ts';
import { DATABASE_SHARE } from './sources.ts';

/** Reads SCRAM keys, which no other decision needs, through a separate connection that opens at the first question. */
export interface ScramKeysReader extends ScramKeyStore {
  close(): Promise<void>;
}

interface Row {
  readonly id: string;
  readonly scram_keys: string;
}

type Ask = (secretIds: readonly string[]) => Promise<readonly Row[]>;

/** As many questions at once as a database may be asked for something rare. */
const CONNECTIONS = 2;

/** @param budgetMs what a decision may take; the database gets the better part of it. */
export function openScramKeysReader(location: DatabaseLocation, budgetMs: number): ScramKeysReader {
  let opened: { readonly ask: Ask; readonly close: () => Promise<void> } | undefined;
  return {
    async findScramKeys(secretIds) {
      opened ??=
        location.kind === 'sqlite'
          ? openSqlite(location.file)
          : openPostgresql(location, budgetMs * DATABASE_SHARE);
      return (await opened.ask(secretIds)).flatMap(keysIn);
    },
    async close() {
      await opened?.close();
    },
  };
}

function openSqlite(file: string): { ask: Ask; close: () => Promise<void> } {
  const database = new Database(file, { readonly: true, fileMustExist: true, timeout: 0 });
  const select = database.prepare(
    `SELECT id, scram_keys FROM credentials_secret
     WHERE id IN (SELECT value FROM json_each(?)) AND scram_keys IS NOT NULL ORDER BY created_time DESC, id`,
  );
  return {
    ask: (ids) => retryWhileBusy(async () => select.all(JSON.stringify(ids)) as Row[]),
    async close() {
      database.close();
    },
  };
}

function openPostgresql(
  location: PostgresqlLocation,
  answerMs: number,
): { ask: Ask; close: () => Promise<void> } {
  const config = connectionConfig(location, { connectMs: answerMs, answerMs, readOnly: true });
  const pool = new (driver().Pool)({ ...config, max: CONNECTIONS });
  // A connection that breaks while it idles is replaced; the next query meets trouble that stays.
  pool.on('error', () => undefined);
  const text = `SELECT id, scram_keys::text AS scram_keys FROM credentials_secret
    WHERE id = ANY($1) AND scram_keys IS NOT NULL ORDER BY created_time DESC, id`;
  return {
    ask: async (ids) => (await pool.query<Row>({ name: 'scram_keys', text, values: [ids] })).rows,
    close: () => pool.end(),
  };
}

function keysIn({ id, scram_keys: text }: Row): KeptScramKeys[] {
  return readScramKeys(parse(text)).map((keys) => ({ ...keys, secretId: id }));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
