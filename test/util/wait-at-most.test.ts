import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { waitAtMost } from '../../src/util/wait-at-most.ts';

const late = (): never => {
  throw new Error('late');
};

test('work that is done in time is what it was, and no timer is left', async (t) => {
  const cleared = t.mock.method(globalThis, 'clearTimeout');
  assert.equal(await waitAtMost(Promise.resolve(7), 60_000, late), 7);
  await assert.rejects(waitAtMost(Promise.reject(new Error('own')), 60_000, late), /own/);
  assert.equal(cleared.mock.callCount(), 2);
});

test('when the time is over, the other answer holds, and a later failure is nobody’s', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  try {
    let fail: (error: Error) => void = () => undefined;
    const work = new Promise<number>((_, reject) => {
      fail = reject;
    });
    const answered = waitAtMost(work, 1_000, () => 'late');
    const refused = waitAtMost(work, 1_000, late);
    mock.timers.tick(1_000);
    assert.equal(await answered, 'late');
    await assert.rejects(refused, /late/);
    fail(new Error('nobody hears this'));
  } finally {
    mock.timers.reset();
  }
});
