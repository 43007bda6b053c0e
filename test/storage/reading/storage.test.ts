import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import type { CredentialsStore } from '../../../src/engine/credentials/credentials-record.ts';
import { isThingPassError } from '../../../src/model/errors.ts';
import { migrate, missingMigrations } from '../../../src/storage/migrations/apply.ts';
import { openStorage, type Storage } from '../../../src/storage/reading/storage.ts';
import { credentialsOf } from '../../support/device-service.ts';
import { OpenedDevices } from '../../support/prisma.ts';
import { eventually } from '../support/eventually.ts';
import { onEachDatabase } from '../support/on-each-database.ts';

const token = (credentialsId: string) =>
  ({ credentialsType: 'ACCESS_TOKEN', credentialsId, credentialsValue: null }) as const;

async function stored(store: CredentialsStore, id: string) {
  return (await store.findByCredentialsIds([id])).get(id);
}

onEachDatabase((database) => {
  let storage: Storage;
  let devices: OpenedDevices;
  before(async () => {
    storage = await openStorage(database.location);
    devices = await OpenedDevices.open(database.location);
  });
  after(async () => {
    await devices.close();
    await storage.close();
  });

  test('the database is made once and migrated once', async () => {
    assert.equal(storage.created, true);
    assert.deepEqual(await migrate(database.location), []);
    assert.deepEqual(await missingMigrations(database.location), []);
    const again = await openStorage(database.location);
    assert.equal(again.created, false);
    assert.deepEqual(again.passportKey, storage.passportKey);
    await again.close();
  });

  test('a created device is found by its credentials id, by all who share the database', async () => {
    const device = await devices.create({
      name: 'found',
      profileName: 'default',
      additionalInfo: '{"gateway":true}',
      credentials: token('found-token'),
    });
    const record = await stored(storage.credentials, 'found-token');
    assert.equal(record?.deviceId, device.id);
    assert.equal(record?.device?.id, device.id);
    assert.equal(record?.device?.name, 'found');
    assert.equal(record?.device?.gateway, true);
    assert.equal(record?.device?.profileName, 'default');
    assert.equal(record?.device?.transportType, 'DEFAULT');
    assert.deepEqual(record?.secrets, []);
  });

  test('devices are found by id in any case, by name, and by nothing else', async () => {
    const device = await devices.create({
      name: 'sought',
      profileName: 'default',
      credentials: token('sought-token'),
    });
    for (const text of [device.id, device.id.toUpperCase(), 'sought'])
      assert.equal((await devices.find(text))?.id, device.id, text);
    for (const text of [randomUUID(), 'sought ', '', 'sou\0ght', '\ud800', "' OR 1=1 --"])
      assert.equal(await devices.find(text), undefined, JSON.stringify(text));
    assert.equal(await devices.remove('sought'), false, 'an id is wanted');
  });

  test('names and credentials are taken once, and the holder is named', async () => {
    await devices.create({ name: 'first', profileName: 'default', credentials: token('taken-token') });
    const sameToken = { name: 'second', profileName: 'default', credentials: token('taken-token') };
    await assert.rejects(devices.create(sameToken), (error: unknown) => {
      return isThingPassError(error, 'credentials_taken') && error.data.takenBy?.name === 'first';
    });
    assert.equal(await devices.find('second'), undefined, 'nothing of a refused device stays');
    const sameName = { name: 'first', profileName: 'default', credentials: token('other-token') };
    await assert.rejects(devices.create(sameName), { code: 'name_taken' });
  });

  test('replaced and deleted credentials are gone', async () => {
    const device = await devices.create({
      name: 'short-lived',
      profileName: 'other',
      credentials: token('token-1'),
    });
    assert.equal((await stored(storage.credentials, 'token-1'))?.deviceId, device.id);
    await credentialsOf(devices).set(device.id, { kind: 'access_token', token: 'token-2' });
    await eventually(async () => assert.equal(await stored(storage.credentials, 'token-1'), undefined));
    assert.equal((await stored(storage.credentials, 'token-2'))?.deviceId, device.id);
    assert.equal(await devices.remove(device.id), true);
    assert.equal(await devices.remove(device.id), false);
    await eventually(async () => assert.equal(await stored(storage.credentials, 'token-2'), undefined));
  });

  test('credentials whose device is gone are found without a device', async () => {
    await database.sql(
      "INSERT INTO device_credentials (id, created_time, credentials_id, credentials_type, device_id) VALUES (?, 1, 'orphan', 'ACCESS_TOKEN', ?)",
      randomUUID(),
      randomUUID(),
    );
    const record = await stored(storage.credentials, 'orphan');
    assert.equal(record?.credentialsId, 'orphan');
    assert.equal(record?.device, undefined);
  });

  test('secrets, validity and topics of the profile come with the credentials', async () => {
    const device = await devices.create({
      name: 'complete',
      profileName: 'with topics',
      credentials: token('complete-token'),
    });
    const id = device.credentials[0]?.id as string;
    const transport = { type: 'MQTT', deviceTelemetryTopic: 'my/telemetry', sparkplug: true };
    await database.sql(
      `UPDATE device_profile SET transport_type = 'MQTT', profile_data = ? WHERE id = ?`,
      JSON.stringify({ transportConfiguration: transport }),
      device.profile.id,
    );
    for (const hash of ['one', 'two'])
      await database.sql(
        'INSERT INTO credentials_secret (id, device_credentials_id, created_time, hash, not_after) VALUES (?, ?, 1, ?, 1800000000000)',
        randomUUID(),
        id,
        hash,
      );
    await database.sql(
      'INSERT INTO credentials_window (device_credentials_id, not_before) VALUES (?, 1700000000000)',
      id,
    );
    const record = await stored(storage.credentials, 'complete-token');
    assert.equal(record?.notBefore, 1_700_000_000_000);
    assert.equal(record?.notAfter, undefined);
    assert.deepEqual(record?.secrets.map(({ hash, notAfter }) => [hash, notAfter]).sort(), [
      ['one', 1_800_000_000_000],
      ['two', 1_800_000_000_000],
    ]);
    assert.equal(record?.device?.topics.telemetry, 'my/telemetry');
    assert.equal(record?.device?.sparkplug, true);
    assert.equal(record?.device?.transportType, 'MQTT');
  });

  test('text that no database can hold is found nowhere, and refuses no neighbour', async () => {
    const found = await storage.credentials.findByCredentialsIds(['a\0b', '\ud800', 'found-token']);
    assert.deepEqual([...found.keys()], ['found-token']);
  });

  test('a row of an unknown type fails alone', async () => {
    await database.sql(
      "INSERT INTO device_credentials (id, created_time, credentials_id, credentials_type) VALUES (?, 1, 'odd', 'SOMETHING_NEW')",
      randomUUID(),
    );
    const [odd, found] = await Promise.allSettled([
      stored(storage.credentials, 'odd'),
      stored(storage.credentials, 'found-token'),
    ]);
    assert.equal(odd.status, 'rejected');
    assert.equal(found.status, 'fulfilled');
  });
});
