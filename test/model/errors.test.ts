import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  certificateUnreadable,
  configInvalid,
  type ErrorCode,
  FAILURES,
  fromPlainError,
  isRefusal,
  isThingPassError,
  REFUSALS,
  ThingPassError,
  toPlainError,
} from '../../src/model/errors.ts';

test('a code stands in one table only, in snake case, with a sentence of its own', () => {
  const entries = [...Object.entries(REFUSALS), ...Object.entries(FAILURES)];
  for (const [code, sentence] of entries) {
    assert.match(code, /^[a-z][a-z0-9]*(_[a-z]+)*$/);
    assert.match(sentence, /^[A-Z].*[^.]$/, code);
  }
  assert.equal(new Set(entries.map(([code]) => code)).size, entries.length);
  assert.equal(new Set(entries.map(([, sentence]) => sentence)).size, entries.length);
});

test('without a message, an error says what its code means; what caused it is kept', () => {
  const cause = new Error('inside');
  const error = new ThingPassError('known_absent', undefined, undefined, { cause });
  assert.equal(error.message, FAILURES.known_absent);
  assert.equal(error.cause, cause);
  assert.equal(new ThingPassError('name_invalid', 'a name is not blank').message, 'a name is not blank');
});

test('codes are asked for, and with one goes the type of its data', () => {
  const error: unknown = configInvalid(['A is missing', 'B is unknown']);
  assert.ok(isThingPassError(error, 'config_invalid', 'nodes_lag'));
  // Checked by the compiler: each branch knows the data of its code.
  switch (error.code) {
    case 'config_invalid':
      assert.deepEqual(error.data.problems, ['A is missing', 'B is unknown']);
      break;
    case 'nodes_lag':
      assert.fail(`of ${error.data.nodes.length} nodes`);
  }
  assert.match((error as Error).message, /cannot be used:\n {2}- A is missing\n {2}- B is unknown$/);
  assert.equal(isThingPassError(error, 'nodes_lag'), false);
  assert.ok(isThingPassError(error));
  for (const other of [new Error('x'), { code: 'config_invalid' }, undefined, null, 'config_invalid'])
    assert.equal(isThingPassError(other), false);
});

test('data that a code has cannot be left out, and no code has another’s', () => {
  // @ts-expect-error `config_invalid` has problems.
  assert.throws(() => new ThingPassError('config_invalid', 'x').data.problems, TypeError);
  // @ts-expect-error `device_not_found` has no data.
  assert.ok(new ThingPassError('device_not_found', 'x', { problems: [] }));
  // @ts-expect-error There is no such code.
  assert.ok(new ThingPassError('device_not_fond', 'x'));
});

test('refusals are for whoever asked, failures are not', () => {
  const codes = [...Object.keys(REFUSALS), ...Object.keys(FAILURES)] as ErrorCode[];
  for (const code of codes) {
    const error = new ThingPassError(code as 'name_invalid');
    assert.equal(isRefusal(error), Object.hasOwn(REFUSALS, code), code);
  }
});

test('an error goes from process to process with its code and data, any other with its message alone', () => {
  const sent = (error: unknown) => fromPlainError(structuredClone(toPlainError(error)));
  const unreadable = sent(certificateUnreadable('too_large'));
  assert.ok(isThingPassError(unreadable, 'certificate_unreadable'));
  assert.deepEqual(unreadable.data, { fault: 'too_large' });
  assert.equal(unreadable.message, certificateUnreadable('too_large').message);
  const unforeseen = sent(Object.assign(new TypeError('x is undefined'), { secret: 'hush' }));
  assert.ok(isThingPassError(unforeseen, 'peer_failed'));
  assert.equal(unforeseen.message, 'x is undefined');
  assert.equal(unforeseen.data, undefined);
});
