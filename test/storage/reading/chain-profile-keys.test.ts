import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import type {
  ChainProfile,
  ChainProvisioning,
} from '../../../src/engine/credentials/certificate/certificate-chain.ts';
import { migrate } from '../../../src/storage/migrations/apply.ts';
import {
  byKnownKeys,
  type ChainProfileKeys,
  keysOutOf,
  openChainProfileKeys,
} from '../../../src/storage/reading/chain-profile-keys.ts';
import { eventually } from '../support/eventually.ts';
import { onEachDatabase } from '../support/on-each-database.ts';

test('a storm of unknown certificates is two reads a second, and a failure is not kept', async () => {
  let now = 0;
  let reads = 0;
  let failure: Error | undefined;
  const among = keysOutOf(
    async () => {
      reads++;
      if (failure !== undefined) throw failure;
      return new Set(['known']);
    },
    () => now,
  );
  for (; now < 10_000; now++) assert.deepEqual(await among([`unknown ${now}`]), []);
  assert.ok(reads <= 20, `${reads} reads in ten seconds`);
  assert.deepEqual(await among(['unknown', 'known']), ['known']);
  now += 501;
  failure = new Error('gone');
  await assert.rejects(among(['known']), /gone/);
  failure = undefined;
  assert.deepEqual(await among(['known']), ['known'], 'at once');
});

test('profiles are asked for by keys that there are, of whichever database', async () => {
  const asked: (readonly string[])[] = [];
  const profile = { id: 'p' } as ChainProfile;
  const provisioning = {
    async findProfiles(keys: readonly string[]) {
      asked.push(keys);
      return new Map(keys.map((key) => [key, profile]));
    },
  } as unknown as ChainProvisioning;
  const database = (...there: string[]): ChainProfileKeys => ({
    among: async (keys) => keys.filter((key) => there.includes(key)),
    close: async () => undefined,
  });
  const known = byKnownKeys(provisioning, [database('theirs', 'both'), database('ours', 'both')]);
  assert.equal((await known.findProfiles(['x', 'y'])).size, 0);
  assert.deepEqual(asked, []);
  assert.deepEqual([...(await known.findProfiles(['x', 'ours', 'both', 'theirs'])).keys()].sort(), [
    'both',
    'ours',
    'theirs',
  ]);
});

onEachDatabase((database) => {
  let keys: ChainProfileKeys;
  before(async () => {
    await migrate(database.location);
    keys = openChainProfileKeys(database.location, 5_000);
  });
  after(() => keys.close());

  test('a profile for certificate chains counts within a second, others never', async () => {
    const insert = `INSERT INTO device_profile (id, created_time, name, provision_type, provision_device_key)
      VALUES (?, 1, ?, ?, ?)`;
    assert.deepEqual(await keys.among(['chain', 'other']), []);
    await database.sql(insert, randomUUID(), 'other', 'ALLOW_CREATE_NEW_DEVICES', 'other');
    await database.sql(insert, randomUUID(), 'chain', 'X509_CERTIFICATE_CHAIN', 'chain');
    await eventually(async () => assert.deepEqual(await keys.among(['other', 'chain']), ['chain']));
    await database.sql("DELETE FROM device_profile WHERE name = 'chain'");
    await eventually(async () => assert.deepEqual(await keys.among(['other', 'chain']), []));
  });
});
