import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decisionOnError } from '../../../src/engine/deciding/failure.ts';
import { deny, unavailable } from '../../../src/model/decision.ts';
import { FAILURES, type FailureCode, ThingPassError } from '../../../src/model/errors.ts';

test('a broker learns of its own mistakes and of too much to do, and of nothing else', () => {
  const unreadable = new ThingPassError('request_unreadable', 'field action is missing');
  assert.deepEqual(
    decisionOnError(unreadable),
    deny('request_unreadable', [{ step: 'read_request', detail: 'field action is missing' }]),
  );
  assert.deepEqual(decisionOnError(new ThingPassError('hashing_queue_full')), unavailable('overloaded'));
  const others = (Object.keys(FAILURES) as FailureCode[]).filter(
    (code) => code !== 'request_unreadable' && code !== 'hashing_queue_full',
  );
  for (const code of others)
    assert.equal(decisionOnError(new ThingPassError(code as 'row_unreadable', 'hush')), undefined, code);
  assert.equal(decisionOnError(new ThingPassError('device_not_found')), undefined);
  assert.equal(decisionOnError(new TypeError('x is undefined')), undefined);
});
