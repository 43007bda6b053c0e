import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createVerificationCache } from '../../../src/engine/secrets/verification-cache.ts';
import { queue, secretSchemes, verify } from './support.ts';

test('good and wrong passwords are remembered by hash and password together', () => {
  const cache = createVerificationCache();
  cache.remember('hash', 'password', true);
  cache.remember('hash', 'wrong', false);
  assert.equal(cache.recall('hash', 'password'), true);
  assert.equal(cache.recall('hash', 'wrong'), false);
  assert.equal(cache.recall('hash', 'other'), undefined);
  assert.equal(cache.recall('hashp', 'assword'), undefined);
  cache.clear();
  assert.equal(cache.size, 0);
  assert.equal(cache.recall('hash', 'password'), undefined);
});

test('the least recently used is forgotten, and wrong passwords push out no good one', () => {
  const cache = createVerificationCache({ maximum: 2, maximumWrong: 2 });
  cache.remember('a', 'p', true);
  cache.remember('b', 'p', true);
  cache.recall('a', 'p');
  cache.remember('c', 'p', true);
  for (let i = 0; i < 100; i++) cache.remember('a', `guess ${i}`, false);
  assert.equal(cache.recall('a', 'p'), true);
  assert.equal(cache.recall('b', 'p'), undefined);
  assert.equal(cache.recall('c', 'p'), true);
  assert.equal(cache.size, 4);
});

test('a reconnect is not hashed again, a new hash of the same password is', async (t) => {
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

test('without room the question is refused and not remembered', async (t) => {
  const secrets = secretSchemes(t, { queue: queue({ concurrency: 1, waiting: 0 }) });
  const hash = await secrets.hashChosen('meter');
  const first = verify(secrets, hash, 'meter');
  await assert.rejects(verify(secrets, hash, 'other'), { code: 'hashing_queue_full' });
  assert.equal(await first, true);
  assert.equal(await verify(secrets, hash, 'other'), false);
});
