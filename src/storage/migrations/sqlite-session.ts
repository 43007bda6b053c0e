import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'libsql';
import type { SqliteLocation } from '../connections/database-url.ts';
import { retryWhileBusy } from '../connections/retry-busy.ts';
import { restOfMigration } from './half-applied.ts';
import type { MigrationSession } from './migration-session.ts';
import {
  CREATE_MIGRATIONS_TABLE,
  type MigrationRow,
  READ_MIGRATIONS,
  refuseForeign,
} from './migrations-table.ts';

/** @param create whether to make the file if it does not exist, and prepare it for writing. */
export async function openSqliteSession(
  { file }: SqliteLocation,
  create: boolean,
): Promise<MigrationSession> {
  if (create && !existsSync(file)) {
    mkdirSync(dirname(file), { recursive: true });
    closeSync(openSync(file, 'a', 0o600));
  }
  // SQLite's own wait for a lock blocks the event loop, so it is short; `retryWhileBusy` does the rest.
  const database = new Database(file, { timeout: 50 });
  const exec = (sql: string): Promise<void> => retryWhileBusy(async () => void database.exec(sql));
  if (create) {
    // Readers never wait for the writer in WAL mode; the mode is a property of the file and stays.
    await exec('PRAGMA journal_mode = WAL');
    // A migration that makes a table anew drops the old one, to which others may refer. It cannot be set in a transaction.
    await exec('PRAGMA foreign_keys = OFF');
    // In WAL mode a power cut may then take back the last migrations, whole ones and in order; the next start makes them again.
    await exec('PRAGMA synchronous = NORMAL');
  }

  function countDangling(): number {
    return database.prepare('PRAGMA foreign_key_check').all().length;
  }

  async function runScript(sql: string): Promise<void> {
    const before = countDangling();
    await exec(sql);
    if (countDangling() > before) throw new Error('rows would refer to others that are not there');
  }

  return {
    rows: async () => {
      const table = database.prepare("SELECT 1 FROM sqlite_master WHERE name = '_prisma_migrations'").get();
      return table === undefined ? undefined : (database.prepare(READ_MIGRATIONS).all() as MigrationRow[]);
    },
    begin: () => exec('BEGIN IMMEDIATE'),
    createTable: async () => {
      const tables = database
        .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
        .all();
      refuseForeign(tables as { name: string }[]);
      await exec(CREATE_MIGRATIONS_TABLE.sqlite);
    },
    apply: ({ sql }) => runScript(sql),
    complete: async (migration, earlier) => {
      const rest = restOfMigration(database, earlier, migration);
      if (rest === undefined) return false;
      await runScript(rest);
      return true;
    },
    run: async (statement, ...values) => void database.prepare(statement).run(...values),
    close: async () => void database.close(),
  };
}
