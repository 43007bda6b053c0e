import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { CleanupStack } from '../../src/util/cleanup-stack.ts';

test('resources are closed in reverse order, one after the other, and only once', async () => {
  const cleanup = new CleanupStack();
  const closed: string[] = [];
  const open = (name: string, takesMs = 0) =>
    cleanup.add(name, async () => {
      await wait(takesMs);
      closed.push(name);
    });
  assert.equal(open('storage'), 'storage');
  open('names');
  open('app', 20);
  await Promise.all([cleanup.close(), cleanup.close()]);
  assert.deepEqual(closed, ['app', 'names', 'storage']);
});

test('a failing close does not keep the others open, and its error is thrown', async () => {
  const cleanup = new CleanupStack();
  let closed = false;
  cleanup.add('storage', () => {
    closed = true;
  });
  cleanup.add('names', () => {
    throw new Error('no');
  });
  await assert.rejects(cleanup.close(), /^Error: no$/);
  assert.equal(closed, true);
});
