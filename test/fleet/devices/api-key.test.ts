import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiKeys, makeApiKey, type StoredApiKey } from '../../../src/fleet/devices/api-key.ts';

/** A store in memory that counts what it is asked, with a clock of the test's. */
function keysOf(...stored: StoredApiKey[]) {
  const byId = new Map(stored.map((key) => [key.id, key]));
  const state = { time: 1_000_000, asked: 0, used: [] as string[], down: false };
  const keys = new ApiKeys(
    async () => ({
      async find(id) {
        state.asked++;
        if (state.down) throw new Error('down');
        return byId.get(id);
      },
      async used(id) {
        state.used.push(id);
      },
    }),
    () => state.time,
  );
  return { keys, state, byId };
}

const request = { name: 'one', scopes: ['read', 'write'], createdTime: 1 } as const;

test('a key is a long random text of which only a hash is kept', () => {
  const { key, text } = makeApiKey(request);
  assert.match(text, /^thingpass_[0-9a-f]{16}_[A-Za-z0-9]{43}$/);
  const secret = text.split('_')[2] as string;
  assert.ok(!JSON.stringify(key).includes(secret));
  assert.notEqual(makeApiKey(request).text, text);
});

test('a key is known by its whole text, and by nothing near it', async () => {
  const { key, text } = makeApiKey(request);
  const other = makeApiKey(request);
  const { keys } = keysOf(key);
  const good = await keys.check(text);
  assert.ok(good.ok);
  assert.deepEqual(good.actor('10.0.0.1'), { name: 'api-key:one', origin: '10.0.0.1' });
  const flipped = text.slice(0, -1) + (text.endsWith('a') ? 'b' : 'a');
  for (const wrong of [
    flipped,
    `${text}a`,
    text.slice(0, -1),
    ` ${text}`,
    other.text,
    key.hash,
    '',
    'x'.repeat(10_000),
  ])
    assert.deepEqual(await keys.check(wrong), { ok: false, why: 'unknown' }, wrong.slice(0, 80));
  assert.deepEqual(await keys.check(undefined), { ok: false, why: 'missing' });
});

test('a revoked key is refused within a second, an expired one at once', async () => {
  const { key, text } = makeApiKey({ ...request, expiresTime: 1_002_000 });
  const { keys, state, byId } = keysOf(key);
  assert.ok((await keys.check(text)).ok);
  state.time += 400;
  assert.ok((await keys.check(text)).ok);
  assert.equal(state.asked, 1, 'what was found is believed for a moment');
  byId.delete(key.id);
  state.time += 600;
  assert.deepEqual(await keys.check(text), { ok: false, why: 'unknown' });
  byId.set(key.id, key);
  state.time = 1_001_999;
  assert.ok((await keys.check(text)).ok);
  state.time = 1_002_000;
  assert.deepEqual(await keys.check(text), { ok: false, why: 'expired' });
});

test('use is noted once a minute, and only of keys that are good', async () => {
  const { key, text } = makeApiKey(request);
  const { keys, state } = keysOf(key);
  await keys.check(`${text.slice(0, -1)}-`);
  for (const later of [0, 10_000, 40_000, 20_000]) {
    state.time += later;
    await keys.check(text);
  }
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(state.used, [key.id, key.id]);
});

test('a store that cannot be asked lets nobody in, and is asked again', async () => {
  const { key, text } = makeApiKey(request);
  const { keys, state } = keysOf(key);
  state.down = true;
  await assert.rejects(keys.check(text));
  state.down = false;
  assert.ok((await keys.check(text)).ok);
});
