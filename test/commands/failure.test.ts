import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commandEnd } from '../../src/commands/failure.ts';
import { configInvalid, ThingPassError } from '../../src/model/errors.ts';

test('what the user can mend is a sentence; settings end with 2, all else with 1', () => {
  const refused = new ThingPassError('device_not_found', 'there is no device meter');
  assert.deepEqual(commandEnd(refused), { text: 'there is no device meter', exitCode: 1 });
  const failed = new ThingPassError('command_failed', '--limit takes a whole number from 1');
  assert.deepEqual(commandEnd(failed), { text: '--limit takes a whole number from 1', exitCode: 1 });
  const { text, exitCode } = commandEnd(configInvalid(['THINGPASS_PORT is no port']));
  assert.equal(text, 'the configuration cannot be used:\n  - THINGPASS_PORT is no port');
  assert.equal(exitCode, 2);
});

test('what nobody foresaw is told with its stack', () => {
  for (const error of [new TypeError('x is undefined'), new ThingPassError('row_unreadable', 'a row')]) {
    const { text, exitCode } = commandEnd(error);
    assert.equal(exitCode, 1);
    assert.ok(text.startsWith('unexpected: '), text);
    assert.ok(text.includes('failure.test.ts'), text);
  }
});
