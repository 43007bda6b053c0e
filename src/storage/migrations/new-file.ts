import { createHash, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'libsql';
import type { SqliteLocation } from '../connections/database-url.ts';
import { migrationNames, prismaFolder } from './files.ts';

/** As the schema engine makes it, which from then on finds its own table. */
const MIGRATIONS_TABLE = `CREATE TABLE "_prisma_migrations" (
    "id"                    TEXT PRIMARY KEY NOT NULL,
    "checksum"              TEXT NOT NULL,
    "finished_at"           DATETIME,
    "migration_name"        TEXT NOT NULL,
    "logs"                  TEXT,
    "rolled_back_at"        DATETIME,
    "started_at"            DATETIME NOT NULL DEFAULT current_timestamp,
    "applied_steps_count"   INTEGER UNSIGNED NOT NULL DEFAULT 0
)`;

const NOTE = `INSERT INTO _prisma_migrations (id, checksum, started_at, finished_at, migration_name, applied_steps_count)
  VALUES (?, ?, ?, ?, ?, 1)`;

/**
 * Makes all tables in an SQLite file that has none, as the schema engine would, whose start alone takes longer than a whole
 * start of the server should. All of it or nothing is done, and by one process only.
 * @returns the names of the migrations, oldest first; `undefined` where there is something in the file, and nothing was done.
 */
export function migrateNewFile({ file }: SqliteLocation): string[] | undefined {
  const database = new Database(file, { timeout: 10_000 });
  try {
    // Scripts that make a table anew drop the old one, which others may refer to.
    database.exec('PRAGMA foreign_keys = OFF');
    return database.transaction(() => makeTables(database)).immediate();
  } finally {
    database.close();
  }
}

function makeTables(database: Database.Database): string[] | undefined {
  const { tables } = database.prepare('SELECT count(*) AS tables FROM sqlite_master').get() as {
    tables: number;
  };
  if (tables > 0) return undefined;
  database.exec(MIGRATIONS_TABLE);
  const names = migrationNames('sqlite');
  for (const name of names) apply(database, name);
  return names;
}

function apply(database: Database.Database, name: string): void {
  const script = readFileSync(join(prismaFolder('sqlite'), 'migrations', name, 'migration.sql'));
  const started = timestamp();
  database.exec(script.toString('utf8'));
  const checksum = createHash('sha256').update(script).digest('hex');
  database.prepare(NOTE).run(randomUUID(), checksum, started, timestamp(), name);
}

/** As the engine writes it. */
function timestamp(): string {
  return new Date().toISOString().replace('Z', '+00:00');
}
