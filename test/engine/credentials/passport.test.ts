import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createPassports } from '../../../src/engine/credentials/passport.ts';
import { PASSPORTS } from './support.ts';

const texts = fc.string({ unit: 'grapheme', maxLength: 60 });

test('gives back what was issued, to the same client id alone', () => {
  fc.assert(
    fc.property(texts, texts, texts, (clientId, other, credentialsId) => {
      const passport = PASSPORTS.issue(clientId, credentialsId);
      assert.equal(PASSPORTS.read(clientId, passport), credentialsId);
      if (other !== clientId) assert.equal(PASSPORTS.read(other, passport), undefined);
    }),
  );
});

test('the same is the same text every time and on every replica, anything else another nonce', () => {
  const passport = PASSPORTS.issue('c', 't');
  assert.equal(PASSPORTS.issue('c', 't'), passport);
  const [one, other] = [createPassports(Buffer.alloc(32, 7)), createPassports(Buffer.alloc(32, 7))];
  assert.equal(one.issue('c', 't'), other.issue('c', 't'));
  const nonces = ['c t', 'ct ', ' ct'].map((text) => text.split(' ', 2) as [string, string]);
  const starts = nonces.map(([clientId, id]) => PASSPORTS.issue(clientId, id).slice(0, 16));
  assert.equal(new Set([passport.slice(0, 16), ...starts]).size, 3, 'c and t are the first again');
});

test('no bit of it can be changed, and none of it says the credentials id', () => {
  const bytes = Buffer.from(PASSPORTS.issue('c', 'token-in-clear'), 'base64url');
  assert.ok(!bytes.includes('token-in-clear'));
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes);
    changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
    assert.equal(PASSPORTS.read('c', changed.toString('base64url')), undefined);
  }
});

test('not ours', () => {
  const other = createPassports(Buffer.alloc(32, 8)).issue('c', 't');
  for (const passport of ['', 'a', other, '!'.repeat(100), 'A'.repeat(200_000)]) {
    assert.equal(PASSPORTS.read('c', passport), undefined);
  }
});

test('more passports than are remembered, and longer ones, are as good', () => {
  const first = PASSPORTS.issue('client-0', 'token-0');
  for (let index = 0; index < 25_000; index++) {
    const [clientId, id] = [`client-${index}`, `token-${index}`];
    assert.equal(PASSPORTS.read(clientId, PASSPORTS.issue(clientId, id)), id);
  }
  assert.equal(PASSPORTS.issue('client-0', 'token-0'), first);
  const long = 'x'.repeat(60_000);
  assert.equal(PASSPORTS.read(long, PASSPORTS.issue(long, 't')), 't');
  assert.equal(PASSPORTS.read('client-1', first), undefined, 'remembered, for another client id');
});
