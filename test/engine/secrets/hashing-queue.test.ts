import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { createHashingQueue } from '../../../src/engine/secrets/hashing-queue.ts';
import { isThingPassError } from '../../../src/model/errors.ts';

/** Tasks that end when told. */
function gate() {
  const open: (() => void)[] = [];
  let most = 0;
  let inside = 0;
  return {
    task: async () => {
      most = Math.max(most, ++inside);
      await new Promise<void>((resolve) => open.push(resolve));
      inside--;
      return 'done';
    },
    async release() {
      open.shift()?.();
      await setImmediate();
    },
    get most() {
      return most;
    },
  };
}

test('no more run than may, no more wait than may, and the next is refused at once', async () => {
  const queue = createHashingQueue({ concurrency: 2, waiting: 3 });
  const work = gate();
  const given = Array.from({ length: 5 }, () => queue.run(work.task));
  assert.deepEqual([queue.running, queue.waiting], [2, 3]);
  await assert.rejects(queue.run(work.task), (error) => {
    return isThingPassError(error, 'hashing_queue_full') && error.code === 'hashing_queue_full';
  });
  assert.equal(queue.refused, 1);
  for (let i = 0; i < 5; i++) await work.release();
  assert.deepEqual(await Promise.all(given), Array(5).fill('done'));
  assert.equal(work.most, 2);
  assert.deepEqual([queue.running, queue.waiting], [0, 0]);
});

test('those who waited too long are refused when their turn comes, and the next is served', async () => {
  let now = 0;
  const queue = createHashingQueue({ concurrency: 1, waiting: 9, maximumWaitMs: 4000, now: () => now });
  const work = gate();
  const first = queue.run(work.task);
  const late = assert.rejects(queue.run(work.task), { code: 'hashing_queue_full' });
  now = 4001;
  const fresh = queue.run(work.task);
  await work.release();
  assert.equal(await first, 'done');
  await late;
  await work.release();
  assert.equal(await fresh, 'done');
  assert.equal(queue.refused, 1);
});

test('a task that fails, now or later, gives its place back', async () => {
  const queue = createHashingQueue({ concurrency: 1, waiting: 1 });
  await assert.rejects(
    queue.run(() => Promise.reject(new Error('later'))),
    /later/,
  );
  await assert.rejects(
    queue.run(() => {
      throw new Error('now');
    }),
    /now/,
  );
  assert.equal(await queue.run(() => 'fine'), 'fine');
  assert.equal(queue.running, 0);
});

test('work that can wait runs only when nothing else does', async () => {
  const queue = createHashingQueue({ concurrency: 2, waiting: 1 });
  const work = gate();
  const first = queue.run(work.task);
  assert.equal(queue.runWhenIdle(work.task), undefined);
  await work.release();
  await first;
  const second = queue.runWhenIdle(work.task);
  assert.equal(queue.running, 1);
  await work.release();
  assert.equal(await second, 'done');
});
