import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import Database from 'libsql';
import type { CredentialsStore } from '../../src/credentials/record.ts';
import { batchCredentials } from '../../src/storage/batched-credentials.ts';
import { AlreadyTaken, DeviceRepository } from '../../src/storage/device-repository.ts';
import { migrate, missingMigrations } from '../../src/storage/migrations/apply.ts';
import { openStorage } from '../../src/storage/storage.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const location = { kind: 'sqlite', file: join(temporaryFolder(), 'deep', 'devices.db') } as const;
const storage = await openStorage(location);
const devices = await DeviceRepository.open(location);
after(async () => {
  await devices.close();
  await storage.close();
});

const token = (credentialsId: string) =>
  ({ credentialsType: 'ACCESS_TOKEN', credentialsId, credentialsValue: null }) as const;

async function stored(store: CredentialsStore, id: string) {
  return (await store.findByCredentialsIds([id])).get(id);
}

test('the file is made once, for its owner only, and migrated once', async () => {
  assert.equal(storage.created, true);
  assert.equal(statSync(location.file).mode & 0o777, 0o600);
  assert.deepEqual(await migrate(location), []);
  assert.deepEqual(await missingMigrations(location), []);
  const again = await openStorage(location);
  assert.equal(again.created, false);
  assert.deepEqual(again.passportKey, storage.passportKey);
  await again.close();
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

test('a created device is found by its credentials id, by all who share the file', async () => {
  const device = await devices.create({
    name: 'found',
    profileName: 'default',
    additionalInfo: '{"gateway":true}',
    credentials: token('found-token'),
  });
  const record = await stored(storage.credentials, 'found-token');
  assert.equal(record?.deviceId, device.id);
  assert.equal(record?.device?.name, 'found');
  assert.equal(record?.device?.gateway, true);
  assert.equal(record?.device?.profileName, 'default');
  assert.equal(record?.device?.transportType, 'DEFAULT');
  assert.deepEqual(record?.secrets, []);
});

test('names and credentials are taken once, and the holder is named', async () => {
  await devices.create({ name: 'first', profileName: 'default', credentials: token('taken-token') });
  const sameToken = { name: 'second', profileName: 'default', credentials: token('taken-token') };
  await assert.rejects(devices.create(sameToken), (error: AlreadyTaken) => {
    return error instanceof AlreadyTaken && error.what === 'credentials' && error.holder?.name === 'first';
  });
  assert.equal(await devices.find('second'), undefined, 'nothing of a refused device stays');
  const sameName = { name: 'first', profileName: 'default', credentials: token('other-token') };
  await assert.rejects(devices.create(sameName), (error: AlreadyTaken) => error.what === 'device name');
});

test('replaced and deleted credentials are gone at the next question, and each change leaves a row', async () => {
  const device = await devices.create({
    name: 'short-lived',
    profileName: 'other',
    credentials: token('token-1'),
  });
  await devices.replaceCredentials(device, token('token-2'));
  assert.equal(await stored(storage.credentials, 'token-1'), undefined);
  assert.equal((await stored(storage.credentials, 'token-2'))?.deviceId, device.id);
  assert.equal(await devices.remove(device.id), true);
  assert.equal(await devices.remove(device.id), false);
  assert.equal(await stored(storage.credentials, 'token-2'), undefined);

  const database = new Database(location.file, { readonly: true });
  const changes = database.prepare('SELECT keys FROM change ORDER BY seq').all() as { keys: string }[];
  database.close();
  const keys = changes.map((row) => JSON.parse(row.keys) as string[]);
  assert.ok(keys.some((one) => one.includes('token-1') && one.includes('token-2')));
});

test('credentials whose device is gone are found without a device', async () => {
  const database = new Database(location.file);
  database
    .prepare(
      "INSERT INTO device_credentials (id, created_time, credentials_id, credentials_type, device_id) VALUES (?, 1, 'orphan', 'ACCESS_TOKEN', ?)",
    )
    .run(randomUUID(), randomUUID());
  database.close();
  const record = await stored(storage.credentials, 'orphan');
  assert.equal(record?.device, undefined);
});

test('devices are listed by name, a page at a time', async () => {
  const first = await devices.list({ limit: 1 });
  const rest = await devices.list({ after: first[0]?.name, limit: 100 });
  const names = [...first, ...rest].map(({ name }) => name);
  assert.deepEqual(names, [...names].sort());
  assert.ok(names.includes('found') && names.includes('first'));
});

test('three other processes that write to the file at once all succeed', async () => {
  const script = fileURLToPath(new URL('../support/write-devices.ts', import.meta.url));
  const writers = ['a', 'b', 'c'].map((writer) =>
    promisify(execFile)(process.execPath, ['--import', 'tsx', script, location.file, writer, '20']),
  );
  for (let index = 0; index < 20; index++) {
    const name = `here-${index}`;
    await devices.create({ name, profileName: 'default', credentials: token(name) });
  }
  await Promise.all(writers);
  const written = await devices.list({ limit: 1_000 });
  assert.equal(written.filter(({ name }) => /^(a|b|c|here)-\d+$/.test(name)).length, 80);
});

test('lookups of one turn share one query, and one bad key does not refuse its neighbours', async () => {
  const queries: (readonly string[])[] = [];
  const store = batchCredentials({
    async read(ids) {
      queries.push(ids);
      if (ids.includes('poison')) throw new Error('poisoned');
      return new Map();
    },
    async check() {},
    async close() {},
  });
  const lookups = ['a', 'b', 'poison', 'c'].map((id) => store.findByCredentialsIds([id, 'shared']));
  const results = await Promise.allSettled(lookups);
  assert.deepEqual(queries[0], ['a', 'shared', 'b', 'poison', 'c']);
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', 'fulfilled', 'rejected', 'fulfilled'],
  );
});
