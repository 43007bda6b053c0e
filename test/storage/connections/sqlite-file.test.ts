import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import Database from 'libsql';
import { migrate } from '../../../src/storage/migrations/apply.ts';
import { OpenedDevices } from '../../support/prisma.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const location = { kind: 'sqlite', file: join(temporaryFolder(), 'deep', 'devices.db') } as const;
await migrate(location);
const devices = await OpenedDevices.open(location);
after(() => devices.close());

test('the file is its owner’s only', () => {
  assert.equal(statSync(location.file).mode & 0o777, 0o600);
});

test('a database of a newer version is refused', async () => {
  const newer = { kind: 'sqlite', file: join(temporaryFolder(), 'newer.db') } as const;
  await migrate(newer);
  const database = new Database(newer.file);
  database
    .prepare(
      "INSERT INTO _prisma_migrations (id, checksum, finished_at, migration_name) VALUES ('x', 'x', 1, '9999_later')",
    )
    .run();
  database.close();
  await assert.rejects(migrate(newer), /newer version of ThingPass \(9999_later\)/);
});

test('three other processes that write to the file at once all succeed', async () => {
  const script = fileURLToPath(new URL('../../support/write-devices.ts', import.meta.url));
  const writers = ['a', 'b', 'c'].map((writer) =>
    promisify(execFile)(process.execPath, ['--import', 'tsx', script, location.file, writer, '20']),
  );
  for (let index = 0; index < 20; index++) {
    const name = `here-${index}`;
    await devices.create({
      name,
      profileName: 'default',
      credentials: { credentialsType: 'ACCESS_TOKEN', credentialsId: name, credentialsValue: null },
    });
  }
  await Promise.all(writers);
  const written = new Database(location.file).prepare('SELECT name FROM device').all() as { name: string }[];
  assert.equal(written.filter(({ name }) => /^(a|b|c|here)-\d+$/.test(name)).length, 80);
});

test('rows of changes are pruned as new ones come', () => {
  const database = new Database(location.file);
  database.exec('INSERT INTO change (seq, created_time, keys) VALUES (500000, 1, \'["late"]\')');
  const { oldest } = database.prepare('SELECT min(seq) AS oldest FROM change').get() as { oldest: number };
  database.close();
  assert.equal(oldest, 500_000);
});
