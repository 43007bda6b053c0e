import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Argon2idJob } from '../../../src/engine/secrets/hash-worker.ts';
import { createHashWorkers } from '../../../src/engine/secrets/hash-workers.ts';
import { eventually } from '../../storage/support/eventually.ts';

function job(password: string, memory = 64): Argon2idJob {
  const bytes = Buffer.from(password);
  return {
    kind: 'argon2id',
    password: bytes,
    salt: Buffer.alloc(16),
    memory,
    iterations: 1,
    parallelism: 1,
    length: 32,
  };
}

test('threads start with the first job, no more than may, and answer every one of them', async (t) => {
  const workers = createHashWorkers({ maximum: 2 });
  t.after(() => workers.close());
  assert.equal(workers.size, 0);
  const passwords = Array.from({ length: 20 }, (_, i) => `password ${i}`);
  const hashes = await Promise.all(passwords.map((password) => workers.run(job(password))));
  assert.equal(workers.size, 2);
  assert.equal(new Set(hashes.map((hash) => Buffer.from(hash).toString('hex'))).size, 20);
  const again = await workers.run(job('password 7'));
  assert.deepEqual(again, hashes[7]);
});

test('a job that cannot be computed fails alone', async (t) => {
  const workers = createHashWorkers({ maximum: 1 });
  t.after(() => workers.close());
  const bad = assert.rejects(workers.run({ ...job('x'), memory: 1 }), Error);
  const good = workers.run(job('x'));
  await bad;
  assert.equal((await good).length, 32);
});

test('a thread without work ends, and a later job gets a new one', async (t) => {
  const workers = createHashWorkers({ maximum: 1, idleMs: 20 });
  t.after(() => workers.close());
  const first = await workers.run(job('x'));
  await eventually(async () => assert.equal(workers.size, 0));
  assert.deepEqual(await workers.run(job('x')), first);
});

test('closing fails what is under way and what comes later', async () => {
  const workers = createHashWorkers({ maximum: 1 });
  await workers.run(job('x'));
  const underWay = assert.rejects(workers.run(job('x', 65_536)), Error);
  const waiting = assert.rejects(workers.run(job('y')), /closed/);
  const closed = workers.close();
  // A thread that is going to end must not be given another job.
  assert.equal(workers.size, 0);
  await closed;
  await Promise.all([underWay, waiting, assert.rejects(workers.run(job('z')), /closed/)]);
  assert.equal(workers.size, 0);
});

test('the event loop stays free while a dear hash is computed', async (t) => {
  const workers = createHashWorkers({ maximum: 1 });
  t.after(() => workers.close());
  await workers.run(job('warm'));
  const before = performance.eventLoopUtilization();
  const began = performance.now();
  await workers.run({ ...job('x', 131_072), iterations: 3 });
  const took = performance.now() - began;
  assert.ok(took > 150, `${took} ms are too few to tell`);
  const { active } = performance.eventLoopUtilization(before);
  assert.ok(active < took / 2, `the loop was busy for ${active} of ${took} ms`);
});
