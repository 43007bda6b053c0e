import assert from 'node:assert/strict';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import Database from 'libsql';
import { migrationAdapter } from '../../../src/storage/migrations/adapter.ts';
import { migrate, missingMigrations } from '../../../src/storage/migrations/apply.ts';
import { migrationNames, readMigrations, readSchema } from '../../../src/storage/migrations/files.ts';
import { migrateNewFile } from '../../../src/storage/migrations/new-file.ts';
import { openSchemaEngine } from '../../../src/storage/migrations/schema-engine.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/* A new SQLite file is made without the schema engine, and is what the engine would have made of it. */

function newFile(): { readonly kind: 'sqlite'; readonly file: string } {
  const file = join(temporaryFolder(), 'own.db');
  closeSync(openSync(file, 'a', 0o600));
  return { kind: 'sqlite', file };
}

async function byEngine(location: ReturnType<typeof newFile>): Promise<string[]> {
  const engine = await openSchemaEngine(readSchema('sqlite'), await migrationAdapter(location));
  try {
    const { appliedMigrationNames } = await engine.applyMigrations({
      migrationsList: readMigrations('sqlite'),
      filters: { externalTables: [], externalEnums: [] },
    });
    return appliedMigrationNames;
  } finally {
    engine.free();
  }
}

function contents({ file }: { readonly file: string }) {
  const database = new Database(file);
  try {
    return {
      schema: database
        .prepare('SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name')
        .all(),
      migrations: database
        .prepare(
          `SELECT checksum, migration_name, logs, rolled_back_at, applied_steps_count, length(id) AS id,
            typeof(finished_at) AS finished, length(started_at) AS started FROM _prisma_migrations ORDER BY migration_name`,
        )
        .all(),
    };
  } finally {
    database.close();
  }
}

test('a new file has the tables that the engine makes, and its notes of them', async () => {
  const [ours, theirs] = [newFile(), newFile()];
  assert.deepEqual(migrateNewFile(ours), migrationNames('sqlite'));
  assert.deepEqual(await byEngine(theirs), migrationNames('sqlite'));
  assert.deepEqual(contents(ours), contents(theirs));
  assert.deepEqual(await missingMigrations(ours), []);
  assert.deepEqual(await byEngine(ours), [], 'the engine goes on from there');
});

test('a file with anything in it is left to the engine', async () => {
  const location = newFile();
  const database = new Database(location.file);
  database.exec('CREATE TABLE "somebody_elses" (x)');
  database.close();
  const before = contentsOf(location.file);
  assert.equal(migrateNewFile(location), undefined);
  assert.deepEqual(contentsOf(location.file), before);
});

function contentsOf(file: string): unknown[] {
  const database = new Database(file);
  try {
    return database.prepare('SELECT name FROM sqlite_master').all();
  } finally {
    database.close();
  }
}

test('a file is made by one of those that come at once', async () => {
  const location = { kind: 'sqlite', file: join(temporaryFolder(), 'deep', 'own.db') } as const;
  const applied = await Promise.all([1, 2, 3].map(() => migrate(location)));
  assert.deepEqual(applied.flat(), migrationNames('sqlite'));
});
