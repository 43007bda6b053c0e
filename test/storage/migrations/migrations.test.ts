import assert from 'node:assert/strict';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import Database from 'libsql';
import { migrate, missingMigrations } from '../../../src/storage/migrations/apply.ts';
import { migrationNames, readMigrations } from '../../../src/storage/migrations/files.ts';
import { openSqliteSession } from '../../../src/storage/migrations/sqlite-session.ts';
import { freshDatabase, withoutPostgresql } from '../../support/postgresql.ts';
import { OpenedDevices } from '../../support/prisma.ts';
import { Installation } from '../../support/process.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { onEachDatabase } from '../support/on-each-database.ts';
import { migrateByOlderVersion, urlOf } from './support/migrated-by.ts';

const KINDS = ['sqlite', 'postgresql'] as const;

/** What was made of a file: its schema, and the notes of its migrations without ids and times. */
function contents(file: string) {
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

function emptyFile(): { readonly kind: 'sqlite'; readonly file: string } {
  const file = join(temporaryFolder(), 'own.db');
  closeSync(openSync(file, 'a', 0o600));
  return { kind: 'sqlite', file };
}

test('a new file has the tables that Prisma’s engine makes, and its notes of them', async () => {
  const [ours, theirs] = [emptyFile(), emptyFile()];
  assert.deepEqual(await migrate(ours), migrationNames('sqlite'));
  assert.deepEqual(await migrateByOlderVersion(theirs), migrationNames('sqlite'));
  assert.deepEqual(contents(ours.file), contents(theirs.file));
  assert.deepEqual(await missingMigrations(ours), []);
  assert.deepEqual(await migrateByOlderVersion(ours), [], 'the engine goes on from there');
});

test('a file is made by one of those that come at once', async () => {
  const location = { kind: 'sqlite', file: join(temporaryFolder(), 'deep', 'own.db') } as const;
  const applied = await Promise.all([1, 2, 3].map(() => migrate(location)));
  assert.deepEqual(applied.flat().sort(), migrationNames('sqlite'));
});

test('a migration that leaves rows without those they refer to is not kept', async () => {
  const location = emptyFile();
  await migrate(location);
  const database = new Database(location.file);
  database.exec('PRAGMA foreign_keys = OFF');
  const device = `INSERT INTO device (id, created_time, name, device_profile_id) VALUES (?, 1, ?, 'nowhere')`;
  database.prepare(device).run('a', 'of an operator');
  const session = await openSqliteSession(location, true);
  await session.begin();
  await session.apply({ name: 'fine', sql: 'CREATE TABLE "fine" (x)', checksum: '' });
  const sql = `INSERT INTO device (id, created_time, name, device_profile_id) VALUES ('b', 1, 'b', 'nowhere')`;
  await assert.rejects(session.apply({ name: 'wrong', sql, checksum: '' }), /refer to others/);
  await session.run('ROLLBACK');
  await session.close();
  database.close();
});

test('migrations hold nothing that cannot be in a transaction, and nothing that later ones could not use', () => {
  let files = 0;
  for (const kind of KINDS) {
    for (const { name, sql } of readMigrations(kind)) {
      files++;
      const refused =
        /\bCONCURRENTLY\b|\bALTER\s+TYPE\b[^;]*\bADD\s+VALUE\b|\bVACUUM\b|^\s*(BEGIN|COMMIT|END)\s*;/im.exec(
          sql.replace(/--.*|\$\$[\s\S]*?\$\$|CREATE TRIGGER[\s\S]*?\nEND;/g, ''),
        );
      assert.equal(refused, null, `${kind}/${name}: ${refused?.[0]}`);
    }
  }
  assert.ok(files >= 17);
});

onEachDatabase((database) => {
  test('a database that the version before migrated goes on as it is', async () => {
    const folder = fileURLToPath(new URL('../../fixtures/databases', import.meta.url));
    const dump = readFileSync(join(folder, `${database.kind}.sql`), 'utf8');
    await restore(database.location, dump);
    assert.deepEqual(await missingMigrations(database.location), []);
    assert.deepEqual(await migrate(database.location), []);
    const devices = await OpenedDevices.open(database.location);
    const credentials = {
      credentialsType: 'ACCESS_TOKEN',
      credentialsId: 'new',
      credentialsValue: null,
    } as const;
    await devices.create({ name: 'new', profileName: 'default', credentials });
    await devices.close();
    const rows = await database.sql<{ name: string }>('SELECT name FROM device ORDER BY name');
    assert.deepEqual(
      rows.map(({ name }) => name),
      ['kept', 'new'],
    );
  });
});

for (const kind of KINDS) {
  describe(`on ${kind}`, { skip: kind === 'postgresql' && (await withoutPostgresql()) }, () => {
    test('a database of any older version is brought up', async () => {
      const names = migrationNames(kind);
      for (let count = 1; count < names.length; count += 4) {
        const database = await oneDatabase(kind);
        assert.deepEqual(await migrateByOlderVersion(database.location, count), names.slice(0, count));
        assert.deepEqual(await migrate(database.location), names.slice(count));
        assert.deepEqual(await migrateByOlderVersion(database.location), []);
        await database.drop();
      }
    });

    test('a database that holds something else is left alone', async () => {
      const database = await oneDatabase(kind);
      await database.sql('CREATE TABLE somebody_elses (x int)');
      await assert.rejects(migrate(database.location), {
        code: 'database_unusable',
        message: /^DATABASE_URL names a database that holds tables .* "somebody_elses": name an empty one/,
      });
      await database.sql('DROP TABLE somebody_elses');
      assert.deepEqual(await migrate(database.location), migrationNames(kind), 'nothing of it was left');
      await database.drop();
    });

    test('a file that is not the one of then is refused', async () => {
      const database = await oneDatabase(kind);
      await migrate(database.location);
      await database.sql(
        "UPDATE _prisma_migrations SET checksum = 'other' WHERE migration_name LIKE '%expiry_watch'",
      );
      const problem = /the file of the migration \d+_expiry_watch is not the one .*: install ThingPass again/;
      await assert.rejects(migrate(database.location), { code: 'database_unusable', message: problem });
      await assert.rejects(missingMigrations(database.location), problem);
      await database.drop();
    });

    test('a migration that fails leaves nothing, and is made once it can be', async () => {
      const database = await oneDatabase(kind);
      const names = migrationNames(kind);
      const at = names.findIndex((name) => name.endsWith('_ca_bundles'));
      await migrateByOlderVersion(database.location, at);
      // The second table of that migration.
      await database.sql('CREATE TABLE ca_bundle_fetch (x int)');
      await assert.rejects(migrate(database.location), {
        code: 'database_unusable',
        message:
          /^the migration \d+_ca_bundles failed, and nothing of it was kept \(.*already exists.*\): run thingpass/,
      });
      await assert.rejects(database.sql('SELECT * FROM ca_bundle_certificate'));
      assert.deepEqual(await missingMigrations(database.location), names.slice(at));
      await database.sql('DROP TABLE ca_bundle_fetch');
      assert.deepEqual(await migrate(database.location), names.slice(at));
      await database.drop();
    });

    test('every command refuses a database of a newer version in one sentence', async () => {
      const database = await oneDatabase(kind);
      await migrate(database.location);
      await database.sql(
        "INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES ('x', 'x', '99990101000000_later')",
      );
      const installation = new Installation({ DATABASE_URL: urlOf(database.location) });
      const sentence = `the database was migrated by a newer version of ThingPass (99990101000000_later): run that newer version, or restore the backup of before its migration\n`;
      for (const command of COMMANDS) {
        const { code, stdout, stderr } = await installation.run(command.split(' '));
        assert.deepEqual(
          { command, code, stdout, stderr },
          { command, code: 1, stdout: '', stderr: sentence },
        );
      }
      const doctor = await installation.run(['doctor']);
      assert.match(doctor.stdout, /newer version of ThingPass \(99990101000000_later\)/);
      assert.doesNotMatch(doctor.stdout + doctor.stderr, /\n +at /);
      await database.drop();
    });
  });
}

/** One of each kind that opens the database. */
const COMMANDS = [
  'serve',
  'migrate',
  'device list',
  'device create x',
  'expiring',
  'rule list',
  'deny list',
  'export',
  'api-key list',
  'ca-bundle list',
];

/** A database that is not migrated, without a table. */
async function oneDatabase(kind: 'sqlite' | 'postgresql') {
  if (kind === 'postgresql') return freshDatabase();
  const location = emptyFile();
  return {
    location,
    sql: async (text: string) => {
      const database = new Database(location.file);
      try {
        database.exec(text);
      } finally {
        database.close();
      }
    },
    drop: async () => undefined,
  };
}

async function restore(location: Parameters<typeof migrate>[0], dump: string): Promise<void> {
  if (location.kind === 'postgresql') {
    const { default: pg } = await import('pg');
    const client = new pg.Client(location.url);
    await client.connect();
    await client.query(dump);
    await client.end();
    return;
  }
  mkdirSync(dirname(location.file), { recursive: true });
  const database = new Database(location.file);
  database.exec(dump);
  database.close();
}
