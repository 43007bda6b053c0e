import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FailureBook } from '../../../src/server/throttle/failure-book.ts';
import { afterFailure, type Failures, isBlocked } from '../../../src/server/throttle/failures.ts';
import { keysOf, throttledAddress } from '../../../src/server/throttle/keys.ts';

const LIMITS = { failures: 3, blockMs: 1_000, longestBlockMs: 3_000 };

/** The failures after one at each of these times. */
function failAt(...times: readonly number[]): Failures {
  let failures: Failures | undefined;
  for (const time of times) failures = afterFailure(failures, time, LIMITS);
  assert.ok(failures);
  return failures;
}

test('the failure that reaches the maximum blocks, and no earlier one', () => {
  assert.equal(isBlocked(failAt(0, 1), 1), false);
  const blocked = failAt(0, 1, 2);
  assert.deepEqual([isBlocked(blocked, 1_001), isBlocked(blocked, 1_002)], [true, false]);
});

test('after a block a single failure blocks again, twice as long each time up to the longest', () => {
  assert.equal(failAt(0, 1, 2, 2_000).blockedUntil, 4_000);
  assert.equal(failAt(0, 1, 2, 2_000, 5_000).blockedUntil, 8_000);
  assert.equal(failAt(0, 1, 2, 2_000, 5_000, 9_000).blockedUntil, 12_000);
});

test('what was under way when a block began moves its end and makes it no longer', () => {
  assert.deepEqual(failAt(0, 1, 2, 3, 4), { count: 5, blocks: 1, lastAt: 4, blockedUntil: 1_004 });
});

test('ten minutes without a failure and a block start anew', () => {
  const blocked = failAt(0, 1, 2);
  assert.equal(afterFailure(blocked, 601_001, LIMITS).blocks, 2);
  assert.deepEqual(afterFailure(blocked, 601_002, LIMITS), {
    count: 1,
    blocks: 0,
    lastAt: 601_002,
    blockedUntil: 0,
  });
});

test('a count never goes down, and a block is never longer than the longest, whatever the times', () => {
  const gaps = fc.array(fc.nat(700_000), { minLength: 1, maxLength: 50 });
  fc.assert(
    fc.property(gaps, (between) => {
      let now = 0;
      let before: Failures | undefined;
      for (const gap of between) {
        now += gap;
        const after = afterFailure(before, now, LIMITS);
        assert.ok(after.blockedUntil <= now + LIMITS.longestBlockMs);
        assert.ok(after.count === 1 || after.count === (before?.count ?? 0) + 1);
        if (isBlocked(before, now)) assert.ok(isBlocked(after, now));
        before = after;
      }
    }),
  );
});

test('no more is kept than is allowed, and blocks are kept before mere counts', () => {
  const forgotten: string[] = [];
  const book = new FailureBook(
    { ...LIMITS, failures: 2 },
    (key, failures) => failures ?? forgotten.push(key),
    4,
  );
  for (const key of ['address 1', 'address 1', 'address 2', 'address 3', 'address 4', 'address 5'])
    book.failed(key, 0);
  assert.deepEqual(forgotten, ['address 2']);
  assert.deepEqual(
    book.blocked(0).map(({ value }) => value),
    ['1'],
  );
  assert.equal(book.clear(0, { by: 'client_id' }), 0);
  assert.equal(book.clear(0, { by: 'address', value: '1' }), 1);
  assert.deepEqual(book.blocked(0), []);
});

test('addresses are counted as IPv4 or as an IPv6 network of 64 bits, and what is none is not', () => {
  for (const [text, counted] of [
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['2001:db8:0:1:aaaa::1', '2001:db8:0:1::/64'],
    ['2001:DB8:0:0001:bbbb:1:2:3', '2001:db8:0:1::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['64:ff9b::203.0.113.7', '64:ff9b:0:0::/64'],
    ['1:2:3:4:5:6:1.2.3.4', '1:2:3:4::/64'],
    ['unknown', undefined],
    ['', undefined],
    ['::ffff:999.0.0.1', undefined],
  ] as const) {
    assert.equal(throttledAddress(text), counted, text);
  }
});

test('no key holds a secret, nor more of a client id than can be shown', () => {
  const all = new Set(['address', 'client_id', 'credentials_id'] as const);
  const keys = keysOf({ clientId: 'x'.repeat(60_000), username: 'token-that-must-not-show' }, undefined, all);
  assert.equal(keys.length, 2);
  assert.ok(keys.every((key) => key.length < 60 && !key.includes('must-not-show')));
  assert.deepEqual(keysOf({ clientId: '', username: '' }, '203.0.113.7', all), ['address 203.0.113.7']);
});
