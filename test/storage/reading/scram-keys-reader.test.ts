import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { scramKeysOf } from '../../../src/engine/secrets/stored-scram.ts';
import { migrate } from '../../../src/storage/migrations/apply.ts';
import { openScramKeysReader, type ScramKeysReader } from '../../../src/storage/reading/scram-keys-reader.ts';
import { onEachDatabase } from '../support/on-each-database.ts';

onEachDatabase((database) => {
  let reader: ScramKeysReader;
  const credentials = randomUUID();
  before(async () => {
    await migrate(database.location);
    await database.sql(
      "INSERT INTO device_credentials (id, created_time, credentials_id, credentials_type, device_id) VALUES (?, 1, 'u', 'MQTT_BASIC', ?)",
      credentials,
      randomUUID(),
    );
    reader = openScramKeysReader(database.location, 5_000);
  });
  after(() => reader.close());

  async function keep(createdTime: number, keys: string | null): Promise<string> {
    const id = randomUUID();
    await database.sql(
      'INSERT INTO credentials_secret (id, device_credentials_id, created_time, hash, scram_keys) VALUES (?, ?, ?, ?, ?)',
      id,
      credentials,
      createdTime,
      'hash',
      keys,
    );
    return id;
  }

  test('the keys of the secrets asked for come whole, the newest secret’s first', async () => {
    const [one, other, foreign] = await Promise.all(
      ['one', 'other', 'foreign'].map((text) => scramKeysOf(text, 1)),
    );
    const ids = [await keep(1, JSON.stringify(one)), await keep(2, JSON.stringify(other))];
    await keep(3, JSON.stringify(foreign));
    const none = await keep(4, null);
    assert.deepEqual(await reader.findScramKeys([...ids, none]), [
      ...(other ?? []).map((keys) => ({ ...keys, secretId: ids[1] })),
      ...(one ?? []).map((keys) => ({ ...keys, secretId: ids[0] })),
    ]);
    assert.deepEqual(await reader.findScramKeys([]), []);
    assert.deepEqual(await reader.findScramKeys([randomUUID(), none]), []);
  });

  test('what cannot be keys is left out, and the rest of the list stays', async () => {
    const [good] = await scramKeysOf('x', 1);
    assert.ok(good);
    const bad = [
      null,
      'text',
      { ...good, algorithm: 'md5' },
      { ...good, iterations: '4096' },
      { ...good, salt: '' },
      { ...good, salt: 'abc' },
      { ...good, storedKey: good.storedKey.slice(2) },
      { ...good, serverKey: 'zz'.repeat(32) },
    ];
    const id = await keep(5, JSON.stringify([...bad, good]));
    assert.deepEqual(await reader.findScramKeys([id]), [{ ...good, secretId: id }]);
    for (const text of ['{}', '"x"', '7', 'null']) {
      assert.deepEqual(await reader.findScramKeys([await keep(6, text)]), [], text);
    }
  });
});
