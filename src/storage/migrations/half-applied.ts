import Database from 'libsql';
import type { Migration } from './files.ts';

/**
 * What is left to run of a migration that an older version began on SQLite and did not finish: it ran the statements one by
 * one, outside any transaction. They are repeated on an empty database until its tables, indexes and triggers are those of
 * `database`. Migrations of those days changed no rows, so the schema says which statement was the last.
 * @returns SQL, empty where all was done; `undefined` where the schema is not that of any step.
 */
export function restOfMigration(
  database: Database.Database,
  earlier: readonly Migration[],
  migration: Migration,
): string | undefined {
  const found = readSchema(database);
  const replica = new Database(':memory:');
  try {
    for (const { sql } of earlier) replica.exec(sql);
    const statements = splitStatements(migration.sql);
    const steps = [readSchema(replica)];
    for (const statement of statements) {
      replica.exec(statement);
      steps.push(readSchema(replica));
    }
    // Tables and indexes that operators added are theirs.
    const names = new Set(steps.flatMap((step) => [...step.keys()]));
    const done = steps.findIndex((step) => [...names].every((name) => step.get(name) === found.get(name)));
    return done === -1 ? undefined : statements.slice(done).join('\n');
  } finally {
    replica.close();
  }
}

/** Statements end at a line's end; those within a trigger are indented, or followed by its `END`. */
function splitStatements(sql: string): string[] {
  return sql.split(/(?<=;)\n(?! |END)/);
}

/** The SQL of each table, index and trigger by its name. */
function readSchema(database: Database.Database): Map<string, string> {
  const rows = database
    .prepare(`SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name <> '_prisma_migrations'`)
    .all() as { name: string; sql: string }[];
  return new Map(rows.map(({ name, sql }) => [name, sql]));
}
