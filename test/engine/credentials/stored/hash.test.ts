import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  basicCredentialsId,
  OPENSSL_HAS_SHA3,
  sha3,
  sha3OfJoined,
  sha3WithNoble,
  sha3WithOpenSsl,
  trim,
} from '../../../../src/engine/credentials/stored/hash.ts';

// FIPS 202, SHA3-256 of nothing and of "abc" (NIST example values).
const OF_NOTHING = 'a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a';
const OF_ABC = '3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532';

const texts = fc.string({ unit: 'binary', maxLength: 300 });

test('the fast implementation gives what the reference gives', () => {
  fc.assert(
    fc.property(texts, (text) => {
      assert.equal(sha3(text), sha3WithNoble(trim(text)));
      if (OPENSSL_HAS_SHA3) assert.equal(sha3WithOpenSsl(text), sha3WithNoble(text));
    }),
  );
});

test('the values of FIPS 202', () => {
  assert.equal(sha3WithNoble(''), OF_NOTHING);
  assert.equal(sha3(''), OF_NOTHING);
  assert.equal(sha3('abc'), OF_ABC);
  assert.equal(sha3WithNoble('abc'), OF_ABC);
  assert.equal(sha3('-----BEGIN CERTIFICATE-----\r\n-----END CERTIFICATE-----'), OF_NOTHING);
});

test('a BEGIN line that a line feed breaks survives trimming, a broken END line does not', () => {
  assert.equal(
    trim('-----BEGIN\n CERTIFICATE-----x-----END\r CERTIFICATE-----'),
    '-----BEGIN CERTIFICATE-----x',
  );
  assert.equal(trim(' a\tb '), ' a\tb ', 'only these texts go');
  assert.equal(trim('-----BEGIN PUBLIC KEY-----'), '-----BEGIN PUBLIC KEY-----');
});

test('empty parts go together with their delimiter', () => {
  assert.equal(sha3OfJoined('|', ['a', '', null, undefined, 'b']), sha3('a|b'));
  assert.equal(basicCredentialsId('a', ''), sha3('a'));
  assert.equal(basicCredentialsId('', 'a'), sha3('a'));
  assert.equal(basicCredentialsId('', ''), OF_NOTHING);
});

test('the delimiter is not escaped, so different parts can share an id', () => {
  assert.equal(basicCredentialsId('a|b', 'c'), basicCredentialsId('a', 'b|c'));
  assert.equal(basicCredentialsId('a\nb', 'c'), basicCredentialsId('ab', 'c'));
});
