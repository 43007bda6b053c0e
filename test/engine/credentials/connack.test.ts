import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connackForRefusedBasic, isBlank } from '../../../src/engine/credentials/connack.ts';

const BAD_CREDENTIALS = { v3: 5, v5: 0x86 };
const CLIENT_ID_REJECTED = { v3: 2, v5: 0x85 };
const NOT_AUTHORIZED = { v3: 5, v5: 0x87 };

test('being in the CONNECT counts, not being filled', () => {
  const cases = [
    [{ clientId: 'a', username: 'u', password: 'p' }, BAD_CREDENTIALS],
    [{ clientId: '', username: '', password: '' }, BAD_CREDENTIALS],
    [{ clientId: '', username: '' }, BAD_CREDENTIALS],
    [{ clientId: 'a', password: '' }, BAD_CREDENTIALS],
    [{ clientId: 'a' }, CLIENT_ID_REJECTED],
    [{ clientId: '\u00a0' }, CLIENT_ID_REJECTED],
    [{ clientId: '' }, NOT_AUTHORIZED],
    [{ clientId: ' \t\u0001' }, NOT_AUTHORIZED],
  ] as const;
  for (const [attempt, code] of cases) {
    assert.deepEqual(connackForRefusedBasic(attempt), code, JSON.stringify(attempt));
  }
});

test('blank is Java’s', () => {
  for (const text of ['', ' ', '\n\r\t', '\0\u001f\u0020']) assert.ok(isBlank(text));
  for (const text of ['a', ' a ', '\u00a0', '\u2003', '\u007f']) assert.ok(!isBlank(text));
});
