import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'libsql';
import type pg from 'pg';
import type { DatabaseLocation, PostgresqlLocation, SqliteLocation } from '../connections/database-url.ts';
import { connectionConfig, driver } from '../connections/postgresql-connection.ts';
import { migrationNames, readMigrations, readSchema } from './files.ts';
import { migrateNewFile } from './new-file.ts';

/**
 * Brings the database up to this version, creating the SQLite file (readable by its owner only) where there is none.
 * Starting the engine costs a good part of a second, so it is left alone where nothing is missing, and for a new file.
 * @returns the names of the migrations applied, oldest first; empty when the database was up to date.
 * @throws {Error} when the database was migrated by a newer version, or a migration fails.
 */
export async function migrate(location: DatabaseLocation): Promise<string[]> {
  if (location.kind === 'sqlite') createFile(location.file);
  if ((await missingMigrations(location)).length === 0) return [];
  const made = location.kind === 'sqlite' ? migrateNewFile(location) : undefined;
  if (made !== undefined) return made;
  return withMigrationLock(location, async () => {
    // Another replica may have done it while this one waited.
    if ((await missingMigrations(location)).length === 0) return [];
    const engine = await startEngine(location);
    try {
      const { appliedMigrationNames } = await engine.applyMigrations({
        migrationsList: readMigrations(location.kind),
        filters: { externalTables: [], externalEnums: [] },
      });
      return appliedMigrationNames;
    } finally {
      engine.free();
    }
  });
}

async function startEngine(location: DatabaseLocation) {
  const [{ openSchemaEngine }, { migrationAdapter }] = await Promise.all([
    import('./schema-engine.ts'),
    import('./adapter.ts'),
  ]);
  return openSchemaEngine(readSchema(location.kind), await migrationAdapter(location));
}

/**
 * The migrations of this version that the database has not seen.
 * @throws {Error} when the database has seen migrations that this version does not know.
 */
export async function missingMigrations(location: DatabaseLocation): Promise<string[]> {
  const known = migrationNames(location.kind);
  const applied = await appliedMigrations(location);
  const foreign = applied.filter((name) => !known.includes(name));
  if (foreign.length > 0) {
    throw new Error(`the database was migrated by a newer version of ThingPass (${foreign.join(', ')})`);
  }
  return known.filter((name) => !applied.includes(name));
}

function appliedMigrations(location: DatabaseLocation): Promise<string[]> {
  return location.kind === 'sqlite' ? appliedInSqlite(location) : appliedInPostgresql(location);
}

async function appliedInSqlite({ file }: SqliteLocation): Promise<string[]> {
  const database = new Database(file, { timeout: 10_000 });
  try {
    // Readers never wait for the writer in WAL mode; the mode is a property of the file and stays.
    database.exec('PRAGMA journal_mode = WAL');
    const table = database.prepare("SELECT 1 FROM sqlite_master WHERE name = '_prisma_migrations'").get();
    if (table === undefined) return [];
    return (database.prepare(FINISHED_MIGRATIONS).all() as { migration_name: string }[]).map(nameOf);
  } finally {
    database.close();
  }
}

function appliedInPostgresql(location: PostgresqlLocation): Promise<string[]> {
  return withPostgresql(location, async (client) => {
    const { rows } = await client.query("SELECT to_regclass('_prisma_migrations') AS found");
    if (rows[0]?.found === null) return [];
    return (await client.query<{ migration_name: string }>(FINISHED_MIGRATIONS)).rows.map(nameOf);
  });
}

const FINISHED_MIGRATIONS = 'SELECT migration_name FROM _prisma_migrations WHERE finished_at IS NOT NULL';

function nameOf(row: { readonly migration_name: string }): string {
  return row.migration_name;
}

/** Replicas that start together migrate one after the other: PostgreSQL's lock lives as long as its connection. */
function withMigrationLock<Result>(location: DatabaseLocation, run: () => Promise<Result>): Promise<Result> {
  if (location.kind === 'sqlite') return run();
  return withPostgresql(location, async (client) => {
    await client.query("SELECT pg_advisory_lock(hashtext('thingpass migrations'))");
    return run();
  });
}

async function withPostgresql<Result>(
  location: PostgresqlLocation,
  run: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new (driver().Client)(connectionConfig(location, { connectMs: 5_000 }));
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await run(client);
  } finally {
    await client.end();
  }
}

function createFile(file: string): void {
  if (existsSync(file)) return;
  mkdirSync(dirname(file), { recursive: true });
  closeSync(openSync(file, 'a', 0o600));
}
