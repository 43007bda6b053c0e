import { randomUUID } from 'node:crypto';
import { isThingPassError, type ThingPassError } from '../../model/errors.ts';
import type { DatabaseLocation } from '../connections/database-url.ts';
import { type Migration, readMigrations } from './files.ts';
import type { MigrationSession } from './migration-session.ts';
import { databaseUnusable, pendingMigrations } from './migrations-table.ts';
import { openPostgresqlSession } from './postgresql-session.ts';
import { openSqliteSession } from './sqlite-session.ts';

/**
 * Brings the database up to this version, creating the SQLite file (readable by its owner only) or the schema in PostgreSQL
 * if it does not exist. Each migration is one transaction together with its row in `_prisma_migrations`, so that the process
 * may be killed at any moment, and several may do it at once.
 * @returns the names of the migrations applied, oldest first; empty when the database was up to date.
 * @throws {ThingPassError} `database_unusable` when the database is of a newer version or holds the tables of something else, when a file was
 * changed, or a migration fails.
 */
export async function migrate(location: DatabaseLocation): Promise<string[]> {
  const known = readMigrations(location.kind);
  const session = await openSession(location, { create: true });
  const applied: string[] = [];
  try {
    for (const migration of pendingMigrations(known, await session.rows())) {
      await session.begin();
      try {
        if (await applyWithRow(session, known, migration)) applied.push(migration.name);
        await session.run('COMMIT');
      } catch (error) {
        // What went wrong first is what matters; a connection that broke rolls back by itself.
        await session.run('ROLLBACK').catch(() => undefined);
        throw error;
      }
    }
    return applied;
  } finally {
    await session.close();
  }
}

/**
 * The migrations of this version that the database has not had.
 * @throws {ThingPassError} `database_unusable` when a newer version migrated the database, or the file of a migration was changed.
 */
export async function missingMigrations(location: DatabaseLocation): Promise<string[]> {
  const session = await openSession(location, { create: false });
  try {
    return pendingMigrations(readMigrations(location.kind), await session.rows()).map(({ name }) => name);
  } finally {
    await session.close();
  }
}

function openSession(
  location: DatabaseLocation,
  { create }: { readonly create: boolean },
): Promise<MigrationSession> {
  return location.kind === 'sqlite' ? openSqliteSession(location, create) : openPostgresqlSession(location);
}

/** @returns false where another process has applied it while this one waited for its turn. */
async function applyWithRow(
  session: MigrationSession,
  known: readonly Migration[],
  migration: Migration,
): Promise<boolean> {
  const rows = await session.rows();
  if (!pendingMigrations(known, rows).includes(migration)) return false;
  const { name, checksum } = migration;
  const startedAt = timestamp();
  if (rows === undefined) await session.createTable();
  const isHalfDone = rows?.some((row) => row.name === name) ?? false;
  try {
    if (!isHalfDone) await session.apply(migration);
    else if (!(await session.complete(migration, known.slice(0, known.indexOf(migration)))))
      throw halfDone(name);
  } catch (error) {
    if (isThingPassError(error)) throw error;
    const detail = `the migration ${name} failed, and nothing of it was kept (${(error as Error).message})`;
    throw databaseUnusable(detail, 'run thingpass migrate again once that is mended', { cause: error });
  }
  // Prisma's tools take a row without an end for a failure unless it is marked so.
  const setAside = 'UPDATE _prisma_migrations SET rolled_back_at = ?1 WHERE migration_name = ?2';
  if (isHalfDone) await session.run(setAside, startedAt, name);
  await session.run(ADD_ROW, randomUUID(), checksum, startedAt, timestamp(), name);
  return true;
}

const ADD_ROW = `INSERT INTO _prisma_migrations
  (id, checksum, started_at, finished_at, migration_name, applied_steps_count) VALUES (?1, ?2, ?3, ?4, ?5, 1)`;

function halfDone(name: string): ThingPassError {
  return databaseUnusable(
    `an older version of ThingPass left the migration ${name} half done, and the tables have been changed since`,
    'restore the backup of before that migration, or begin with an empty database',
  );
}

/** As Prisma writes it. */
function timestamp(): string {
  return new Date().toISOString().replace('Z', '+00:00');
}
