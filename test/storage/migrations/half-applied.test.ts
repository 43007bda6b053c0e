import assert from 'node:assert/strict';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import Database from 'libsql';
import pg from 'pg';
import { migrate } from '../../../src/storage/migrations/apply.ts';
import { type DatabaseKind, type Migration, readMigrations } from '../../../src/storage/migrations/files.ts';
import { CREATE_MIGRATIONS_TABLE } from '../../../src/storage/migrations/migrations-table.ts';
import { freshDatabase, type TestDatabase, withoutPostgresql } from '../../support/postgresql.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/*
 * Databases that an older version was killed in: it noted the beginning of a migration, ran it statement by statement on SQLite
 * and whole on PostgreSQL, and noted the end, with no transaction around them.
 */

const DEVICE = `INSERT INTO device_profile (id, created_time, name) VALUES ('p', 1, 'default');
  INSERT INTO device (id, created_time, name, device_profile_id) VALUES ('d', 1, 'kept', 'p');`;

/** SQL that leaves the notes of an older version: of all of `finished`, and of the beginning of `begun`. */
function notes(kind: DatabaseKind, finished: readonly Migration[], begun: Migration, logs = 'NULL'): string {
  const row = ({ name, checksum }: Migration, end: string, said: string): string =>
    `INSERT INTO _prisma_migrations (id, checksum, finished_at, migration_name, logs)
      VALUES ('${name}', '${checksum}', ${end}, '${name}', ${said});`;
  return [
    `${CREATE_MIGRATIONS_TABLE[kind]};`,
    ...finished.map((one) => row(one, 'current_timestamp', 'NULL')),
    row(begun, 'NULL', logs),
  ].join('\n');
}

describe('on SQLite', () => {
  const known = readMigrations('sqlite');

  /** A file in which `count` statements of a migration were run. */
  function halfDone(
    begun: Migration,
    count: number,
  ): { location: { kind: 'sqlite'; file: string }; steps: number } {
    const file = join(temporaryFolder(), 'half.db');
    closeSync(openSync(file, 'a', 0o600));
    const database = new Database(file);
    database.exec('PRAGMA synchronous = OFF');
    const earlier = known.slice(0, known.indexOf(begun));
    database.exec(notes('sqlite', earlier, begun));
    for (const { sql } of earlier) database.exec(sql);
    if (earlier.length > 0) database.exec(DEVICE);
    const statements = statementsOf(begun.sql);
    for (const statement of statements.slice(0, count)) database.exec(statement);
    database.close();
    return { location: { kind: 'sqlite', file }, steps: statements.length };
  }

  for (const migration of known) {
    test(`wherever ${migration.name} ended`, async () => {
      const whole = { kind: 'sqlite', file: join(temporaryFolder(), 'whole.db') } as const;
      await migrate(whole);
      const rest = known.slice(known.indexOf(migration)).map(({ name }) => name);
      for (let count = 0, steps = 0; count <= steps; count++) {
        const half = halfDone(migration, count);
        steps = half.steps;
        assert.deepEqual(await migrate(half.location), rest, `after ${count} of ${steps} statements`);
        assert.deepEqual(await migrate(half.location), []);
        assert.deepEqual(schemaOf(half.location.file), schemaOf(whole.file));
        assert.deepEqual(
          read(
            half.location.file,
            'SELECT migration_name FROM _prisma_migrations WHERE rolled_back_at NOT NULL',
          ),
          [{ migration_name: migration.name }],
        );
        const isEmpty = migration === known[0];
        assert.deepEqual(read(half.location.file, 'SELECT id FROM device'), isEmpty ? [] : [{ id: 'd' }]);
      }
    });
  }

  test('tables of others are left alone, and ours that were changed since are not guessed about', async () => {
    const [init] = known as [Migration];
    const { location } = halfDone(init, 5);
    const database = new Database(location.file);
    database.exec('CREATE TABLE "an_operators" (x); CREATE INDEX "an_operators_index" ON "device" ("label")');
    assert.equal((await migrate(location)).length, known.length);
    const changed = halfDone(init, 5).location;
    const other = new Database(changed.file);
    other.exec('ALTER TABLE "device" ADD COLUMN "x" TEXT');
    const before = schemaOf(changed.file);
    await assert.rejects(migrate(changed), {
      code: 'database_unusable',
      message:
        /^an older version of ThingPass left the migration \d+_init half done, and .* changed since: restore the backup .* empty database$/,
    });
    assert.deepEqual(schemaOf(changed.file), before);
    other.close();
    database.close();
  });
});

describe('on PostgreSQL', { skip: await withoutPostgresql() }, () => {
  const known = readMigrations('postgresql');

  let database: TestDatabase;
  before(async () => {
    database = await freshDatabase();
  });
  after(() => database.drop());
  let schemas = 0;

  /** A schema in which all of a migration was done, or nothing. */
  async function halfDone(begun: Migration, isDone: boolean, logs?: string) {
    const schema = `half_${schemas++}`;
    const sql = <Row extends object>(text: string): Promise<Row[]> =>
      database.sql<Row>(`SET search_path TO ${schema}; ${text}`);
    const earlier = known.slice(0, known.indexOf(begun));
    await database.sql(`CREATE SCHEMA ${schema}`);
    await sql(notes('postgresql', earlier, begun, logs));
    for (const migration of isDone ? [...earlier, begun] : earlier) await sql(migration.sql);
    const url = `${database.location.url}?schema=${schema}`;
    return { location: { kind: 'postgresql', url } as const, schema, sql };
  }

  test('wherever a migration ended', async () => {
    for (const migration of known) {
      const rest = known.slice(known.indexOf(migration)).map(({ name }) => name);
      for (const isDone of [false, true]) {
        const { location, schema } = await halfDone(migration, isDone);
        assert.deepEqual(await migrate(location), rest, `${migration.name}, done: ${isDone}`);
        assert.deepEqual(await migrate(location), []);
        assert.deepEqual(
          await database.sql(
            `SELECT migration_name FROM ${schema}._prisma_migrations
             WHERE rolled_back_at IS NOT NULL AND finished_at IS NULL`,
          ),
          [{ migration_name: migration.name }],
        );
      }
    }
  });

  test('a script that the database server is still running is waited for', async () => {
    for (const end of ['COMMIT', 'ROLLBACK']) {
      const [init] = known as [Migration];
      const { location, schema } = await halfDone(init, false);
      const killed = new pg.Client(database.location.url);
      await killed.connect();
      await killed.query(`SET search_path TO ${schema}; BEGIN; ${init.sql}`);
      const migrated = migrate(location);
      const waiting = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
      while ((await database.sql(waiting)).length === 0) await turn();
      await killed.query(end);
      await killed.end();
      assert.equal((await migrated).length, known.length);
    }
  });

  test('a migration that failed because of somebody else’s table is not taken for done', async () => {
    const bundles = known.find(({ name }) => name.endsWith('_ca_bundles')) as Migration;
    const { location, sql } = await halfDone(bundles, false, "'relation already exists'");
    await sql('CREATE TABLE ca_bundle_certificate (x int)');
    await assert.rejects(migrate(location), /_ca_bundles failed, and nothing of it was kept/);
    await sql('DROP TABLE ca_bundle_certificate');
    const rest = known.slice(known.indexOf(bundles)).map(({ name }) => name);
    assert.deepEqual(await migrate(location), rest);
  });
});

/** One statement after the other, as SQLite itself tells where one ends. */
function statementsOf(sql: string): string[] {
  const statements: string[] = [];
  let open = '';
  for (const line of sql.split('\n')) {
    open += `${line}\n`;
    const isInTrigger = /^CREATE TRIGGER/m.test(open);
    if (isInTrigger ? line === 'END;' : line.endsWith(';') && !line.startsWith('--')) {
      statements.push(open);
      open = '';
    }
  }
  return statements;
}

function schemaOf(file: string): unknown[] {
  const ours = "name <> 'an_operators'";
  return read(file, `SELECT name, sql FROM sqlite_master WHERE ${ours} ORDER BY name`);
}

function read(file: string, sql: string): unknown[] {
  const database = new Database(file);
  try {
    return database.prepare(sql).all();
  } finally {
    database.close();
  }
}
