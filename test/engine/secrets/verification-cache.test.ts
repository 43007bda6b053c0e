import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createVerificationCache } from '../../../src/engine/secrets/verification-cache.ts';
import { queue, secretSchemes, verify } from './support.ts';

test('matching and wrong passwords are cached by hash and password', () => {
  const cache = createVerificationCache();
  cache.set('hash', 'password', true);
  cache.set('hash', 'wrong', false);
  assert.equal(cache.get('hash', 'password'), true);
  assert.equal(cache.get('hash', 'wrong'), false);
  assert.equal(cache.get('hash', 'other'), undefined);
  assert.equal(cache.get('hashp', 'assword'), undefined);
  cache.clear();
  assert.equal(cache.size, 0);
  assert.equal(cache.get('hash', 'password'), undefined);
});

test('the least recently used entry is dropped, and wrong passwords displace no matching ones', () => {
  const cache = createVerificationCache({ maximum: 2, maximumWrong: 2 });
  cache.set('a', 'p', true);
  cache.set('b', 'p', true);
  cache.get('a', 'p');
  cache.set('c', 'p', true);
  for (let i = 0; i < 100; i++) cache.set('a', `guess ${i}`, false);
  assert.equal(cache.get('a', 'p'), true);
  assert.equal(cache.get('b', 'p'), undefined);
  assert.equal(cache.get('c', 'p'), true);
  assert.equal(cache.size, 4);
});

test('a reconnect is not hashed again, but a new hash of the same password is', async (t) => {
  let hashed = 0;
  const counted = queue();
  function run<T>(task: () => Promise<T> | T): Promise<T> {
    hashed++;
    return counted.run(task);
  }
  const secrets = secretSchemes(t, { queue: { ...counted, run } });
  const hash = await secrets.hashChosen('meter');
  const again = await secrets.hashChosen('meter');
  hashed = 0;
  assert.equal(await verify(secrets, hash, 'meter'), true);
  assert.equal(await verify(secrets, hash, 'meter'), true);
  assert.equal(await verify(secrets, hash, 'wrong'), false);
  assert.equal(await verify(secrets, hash, 'wrong'), false);
  assert.equal(hashed, 2);
  assert.equal(await verify(secrets, again, 'meter'), true);
  assert.equal(hashed, 3);
});

test('a thousand logins of one device at once are hashed once', async (t) => {
  const secrets = secretSchemes(t, { queue: queue({ concurrency: 1, waiting: 0 }) });
  const hash = await secrets.hashChosen('meter');
  const answers = await Promise.all(Array.from({ length: 1000 }, () => verify(secrets, hash, 'meter')));
  assert.ok(answers.every(Boolean));
  assert.equal(secrets.queue.refused, 0);
});

test('with a full queue the verification is refused, and nothing is cached', async (t) => {
  const secrets = secretSchemes(t, { queue: queue({ concurrency: 1, waiting: 0 }) });
  const hash = await secrets.hashChosen('meter');
  const first = verify(secrets, hash, 'meter');
  await assert.rejects(verify(secrets, hash, 'other'), { code: 'hashing_queue_full' });
  assert.equal(await first, true);
  assert.equal(await verify(secrets, hash, 'other'), false);
});
