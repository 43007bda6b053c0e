import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  parseByteSequence,
  parseByteSequences,
} from '../../../../src/engine/certificates/text/structured-field.ts';
import { faultOf } from '../support/outcome.ts';

test('structured fields: byte sequences as items and lists', () => {
  assert.deepEqual(parseByteSequence(' :AQID:  '), Buffer.from([1, 2, 3]));
  // Padding may be missing and unused bits set (RFC 9651 section 4.2.7).
  assert.deepEqual(parseByteSequence(':AQ:'), Buffer.from([1]));
  assert.deepEqual(parseByteSequence(':AR==:'), Buffer.from([1]));
  assert.deepEqual(
    parseByteSequences([':AQ==:', '', ':Ag==:;x , :Aw==:']),
    [1, 2, 3].map((one) => Buffer.from([one])),
  );
  assert.deepEqual(parseByteSequences([]), []);
  for (const text of [
    '',
    'AQ==',
    ':AQ==',
    ':A:',
    ':A Q=:',
    ':A=Q=:',
    ':AQ==:x',
    ':AQ==:;',
    ':AQ==:;a=',
    ':AQ==: :AQ==:',
    '(:AQ==:)',
  ]) {
    assert.equal(
      faultOf(() => parseByteSequence(text)),
      'structured_field_syntax',
      text,
    );
  }
  for (const text of [',', ':AQ==:,', ':AQ==:,,:AQ==:', ':AQ==: :AQ==:']) {
    assert.equal(
      faultOf(() => parseByteSequences([text])),
      'structured_field_syntax',
      text,
    );
  }
});
