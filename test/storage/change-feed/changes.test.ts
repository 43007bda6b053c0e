import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { before, test } from 'node:test';
import { type Change, readChange } from '../../../src/storage/change-feed/change.ts';
import { migrate } from '../../../src/storage/migrations/apply.ts';
import { onEachDatabase } from '../support/on-each-database.ts';

/* Written as an operator would, beside the repositories: whoever writes, every cache must hear of it. */
onEachDatabase((database) => {
  const [profile, device, credentials, secret] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()];
  const { sql } = database;
  let seen = 0;

  /** What the table says since the last call. */
  async function news(): Promise<Change[]> {
    const rows = await sql<{ seq: number; keys: string }>(
      'SELECT seq, keys FROM change WHERE seq > ? ORDER BY seq',
      seen,
    );
    seen = rows.at(-1)?.seq ?? seen;
    return rows.map(({ keys }) => readChange(keys));
  }

  const changed = (...ids: string[]): Change => ({ kind: 'changed', ids });
  const gone = (...ids: string[]): Change => ({ kind: 'gone', ids });

  before(async () => {
    await migrate(database.location);
  });

  test('credentials are told when they come, change, are renamed and go', async () => {
    await sql(
      "INSERT INTO device_credentials (id, created_time, credentials_id, credentials_type, device_id) VALUES (?, 1, 'a', 'ACCESS_TOKEN', ?)",
      credentials,
      device,
    );
    assert.deepEqual(await news(), [changed('a')]);
    await sql("UPDATE device_credentials SET credentials_value = 'x' WHERE id = ?", credentials);
    assert.deepEqual(await news(), [changed('a')]);
    await sql("UPDATE device_credentials SET credentials_id = 'b' WHERE id = ?", credentials);
    assert.deepEqual(await news(), [gone('a'), changed('b')]);
    await sql('UPDATE device_credentials SET version = 2 WHERE id = ?', credentials);
    assert.deepEqual(await news(), []);
    const other = randomUUID();
    await sql(
      "INSERT INTO device_credentials (id, created_time, credentials_id, credentials_type) VALUES (?, 1, '\"quoted\"', 'ACCESS_TOKEN')",
      other,
    );
    await sql('DELETE FROM device_credentials WHERE id = ?', other);
    assert.deepEqual(await news(), [changed('"quoted"'), gone('"quoted"')]);
  });

  test('a device tells of the credentials that lead to it', async () => {
    await sql("INSERT INTO device_profile (id, created_time, name) VALUES (?, 1, 'p')", profile);
    await sql(
      "INSERT INTO device (id, created_time, name, device_profile_id) VALUES (?, 1, 'd', ?)",
      device,
      profile,
    );
    assert.deepEqual(await news(), [changed('b')]);
    await sql("UPDATE device SET additional_info = '{}' WHERE id = ?", device);
    assert.deepEqual(await news(), [changed('b')]);
    await sql("UPDATE device SET label = 'no decision rests on it' WHERE id = ?", device);
    assert.deepEqual(await news(), []);
  });

  test('a profile tells of itself', async () => {
    await sql("UPDATE device_profile SET transport_type = 'COAP' WHERE id = ?", profile);
    assert.deepEqual(await news(), [{ kind: 'profile', id: profile }]);
    await sql("UPDATE device_profile SET description = 'no decision rests on it' WHERE id = ?", profile);
    assert.deepEqual(await news(), []);
  });

  test('secrets and windows tell of their credentials', async () => {
    await sql(
      "INSERT INTO credentials_secret (id, device_credentials_id, created_time, hash) VALUES (?, ?, 1, 'h')",
      secret,
      credentials,
    );
    await sql('UPDATE credentials_secret SET not_after = 5 WHERE id = ?', secret);
    await sql('DELETE FROM credentials_secret WHERE id = ?', secret);
    assert.deepEqual(await news(), [changed('b'), changed('b'), changed('b')]);
    await sql('INSERT INTO credentials_window (device_credentials_id) VALUES (?)', credentials);
    await sql('UPDATE credentials_window SET not_after = 5');
    await sql('DELETE FROM credentials_window');
    assert.deepEqual(await news(), [changed('b'), changed('b'), changed('b')]);
  });

  test('a device that goes ends the credentials that it leaves behind', async () => {
    await sql('DELETE FROM device WHERE id = ?', device);
    assert.deepEqual(await news(), [gone('b')]);
    await sql('DELETE FROM device_profile WHERE id = ?', profile);
    assert.deepEqual(await news(), [{ kind: 'profile', id: profile }]);
  });

  test('rules and the deny list tell of their table', async () => {
    await sql(
      "INSERT INTO access_rule (id, created_time, position, permission, action, filter) VALUES ('r', 1, 1, 'allow', 'all', '#')",
    );
    await sql("UPDATE access_rule SET filter = 'a/#'");
    await sql('DELETE FROM access_rule');
    const rules: Change = { kind: 'table', name: 'access_rule' };
    assert.deepEqual(await news(), [rules, rules, rules]);
    await sql("INSERT INTO deny_entry (id, created_time, kind, value) VALUES ('e', 1, 'device', 'x')");
    assert.deepEqual(await news(), [{ kind: 'table', name: 'deny_entry' }]);
  });

  if (database.kind === 'postgresql') {
    test('very many at once are told in few rows', async () => {
      await sql(
        "INSERT INTO device_credentials (id, created_time, credentials_id, credentials_type) SELECT gen_random_uuid(), 1, 'many-' || n, 'ACCESS_TOKEN' FROM generate_series(1, 2500) n",
      );
      assert.deepEqual(await news(), [{ kind: 'misses' }]);
      await sql("DELETE FROM device_credentials WHERE credentials_id LIKE 'many-%'");
      const told = (await news()) as { kind: string; ids: string[] }[];
      assert.deepEqual(told.map(({ kind, ids }) => [kind, ids.length]).sort(), [
        ['gone', 1_000],
        ['gone', 1_000],
        ['gone', 500],
      ]);
      assert.equal(new Set(told.flatMap(({ ids }) => ids)).size, 2_500);
      await sql('TRUNCATE device_credentials CASCADE');
      assert.ok((await news()).some(({ kind }) => kind === 'everything'));
    });
  }
});

test('what cannot be read means everything', () => {
  for (const keys of [
    '',
    'null',
    '7',
    '{}',
    '[1]',
    '{"gone":"a"}',
    '{"devices":7}',
    '{"a_kind_of_tomorrow":1}',
    '["a"',
  ])
    assert.deepEqual(readChange(keys), { kind: 'everything' }, keys);
});
