import { ThingPassError } from '../../model/errors.ts';
import type { DatabaseKind, Migration } from './files.ts';

/** As Prisma's own tools make the table, so that they can be used on the database. */
export const CREATE_MIGRATIONS_TABLE: Readonly<Record<DatabaseKind, string>> = {
  sqlite: `CREATE TABLE "_prisma_migrations" (
    "id"                    TEXT PRIMARY KEY NOT NULL,
    "checksum"              TEXT NOT NULL,
    "finished_at"           DATETIME,
    "migration_name"        TEXT NOT NULL,
    "logs"                  TEXT,
    "rolled_back_at"        DATETIME,
    "started_at"            DATETIME NOT NULL DEFAULT current_timestamp,
    "applied_steps_count"   INTEGER UNSIGNED NOT NULL DEFAULT 0
)`,
  postgresql: `CREATE TABLE "_prisma_migrations" (
    "id"                    VARCHAR(36) PRIMARY KEY NOT NULL,
    "checksum"              VARCHAR(64) NOT NULL,
    "finished_at"           TIMESTAMPTZ,
    "migration_name"        VARCHAR(255) NOT NULL,
    "logs"                  TEXT,
    "rolled_back_at"        TIMESTAMPTZ,
    "started_at"            TIMESTAMPTZ NOT NULL DEFAULT now(),
    "applied_steps_count"   INTEGER NOT NULL DEFAULT 0
)`,
};

export const READ_MIGRATIONS = `SELECT migration_name AS name, checksum, finished_at IS NOT NULL AS finished
  FROM _prisma_migrations WHERE rolled_back_at IS NULL`;

/**
 * To be called with the tables of a database that ThingPass has not migrated yet.
 * @throws {ThingPassError} `database_unusable` when there are any: they are somebody else's, such as ThingsBoard's own.
 */
export function refuseForeign(tables: readonly { readonly name: string }[]): void {
  const [first] = tables;
  if (first === undefined) return;
  throw databaseUnusable(
    `DATABASE_URL names a database that holds tables which ThingPass did not make, such as "${first.name}"`,
    'name an empty one, or in PostgreSQL a separate schema (?schema=thingpass)',
  );
}

/** A row of the table that no tool has set aside. */
export interface MigrationRow {
  readonly name: string;
  readonly checksum: string;
  /** False (0 in SQLite) where an older version was ended in the middle of the migration. */
  readonly finished: boolean | number;
}

/**
 * The database cannot be used as it is. The message says why and what the operator can do about it, in one sentence.
 * @param detail why. @param wayOut what to do.
 */
export function databaseUnusable(
  detail: string,
  wayOut: string,
  options?: ErrorOptions,
): ThingPassError<'database_unusable'> {
  return new ThingPassError('database_unusable', `${detail}: ${wayOut}`, { detail, wayOut }, options);
}

/**
 * The migrations that the database still needs, oldest first.
 * @param rows undefined where the database has no table of migrations yet.
 * @throws {ThingPassError} `database_unusable` when a newer version migrated the database, or a file is not the one that it was migrated with.
 */
export function pendingMigrations(
  known: readonly Migration[],
  rows: readonly MigrationRow[] | undefined = [],
): readonly Migration[] {
  const unknown = rows.filter((row) => !known.some(({ name }) => name === row.name));
  if (unknown.length > 0) {
    throw databaseUnusable(
      `the database was migrated by a newer version of ThingPass (${unknown.map(({ name }) => name).join(', ')})`,
      'run that newer version, or restore the backup of before its migration',
    );
  }
  const finished = rows.filter((row) => row.finished);
  const changed = known.find(({ name, checksum }) =>
    finished.some((row) => row.name === name && row.checksum !== checksum),
  );
  if (changed !== undefined) {
    throw databaseUnusable(
      `the file of the migration ${changed.name} is not the one that this database was migrated with`,
      'install ThingPass again, which brings the files as they were released',
    );
  }
  return known.filter(({ name }) => !finished.some((row) => row.name === name));
}
