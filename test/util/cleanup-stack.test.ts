import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { Closing } from '../../src/util/cleanup-stack.ts';

test('what was opened last is closed first, each once the one after it is, and only once', async () => {
  const closing = new Closing();
  const closed: string[] = [];
  const open = (name: string, takesMs = 0) =>
    closing.add(name, async () => {
      await wait(takesMs);
      closed.push(name);
    });
  assert.equal(open('storage'), 'storage');
  open('names');
  open('app', 20);
  await Promise.all([closing.close(), closing.close()]);
  assert.deepEqual(closed, ['app', 'names', 'storage']);
});

test('one that cannot be closed keeps no other from it, and is told', async () => {
  const closing = new Closing();
  let closed = false;
  closing.add('storage', () => {
    closed = true;
  });
  closing.add('names', () => {
    throw new Error('no');
  });
  await assert.rejects(closing.close(), /^Error: no$/);
  assert.equal(closed, true);
});
