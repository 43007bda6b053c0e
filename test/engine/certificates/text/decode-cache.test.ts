import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeDerBase64, decodeEitherText } from '../../../../src/engine/certificates/text/decode.ts';
import { cachedDecoder } from '../../../../src/engine/certificates/text/decode-cache.ts';
import { credentialsIdOf } from '../../../../src/engine/certificates/x509/identity.ts';
import { goldenBytes } from '../../../support/golden.ts';
import { faultOf } from '../support/outcome.ts';

const base64 = goldenBytes('pki/p256.crt.pem')
  .toString('latin1')
  .replaceAll(/-----[^-]+-----|\s/g, '');

test('the same text is decoded once and returns the same bytes object', () => {
  let decoded = 0;
  const decode = cachedDecoder((text) => {
    decoded++;
    return [decodeDerBase64(text)];
  });
  const [first] = decode(base64);
  const [again] = decode(`${base64} `.trim());
  assert.ok(first !== undefined && first === again && decoded === 1);
  assert.equal(first.toString('base64'), base64);
  // Of their own: a slice would keep the block that it is a slice of.
  assert.equal(first.buffer.byteLength, first.length);
});

test('failures are not cached', () => {
  for (const _ of [1, 2])
    assert.equal(
      faultOf(() => decodeEitherText(base64.slice(4))),
      'malformed_der',
    );
});

test('texts that keep coming stay cached, others are dropped', () => {
  const asked: string[] = [];
  const decode = cachedDecoder((text) => {
    asked.push(text.slice(0, 8));
    return [Buffer.from(text.slice(0, 8))];
  });
  const long = 'x'.repeat(64 * 1024);
  for (let at = 0; at < 400; at++) {
    decode('the same');
    decode(`${String(at).padStart(8, '0')}${long}`);
  }
  assert.equal(asked.filter((text) => text === 'the same').length, 1);
  decode(`00000000${long}`);
  assert.equal(asked.filter((text) => text === '00000000').length, 2, 'forgotten, and decoded again');
});

test('the cached credentials id is the id of the bytes', () => {
  const [one] = decodeEitherText(base64);
  const other = Buffer.from(base64, 'base64');
  assert.ok(one !== undefined && one !== other);
  assert.equal(credentialsIdOf(one), credentialsIdOf(other));
  assert.equal(credentialsIdOf(one), credentialsIdOf(one));
  const last = other.length - 1;
  const changed = Buffer.from(other);
  changed[last] = (changed[last] as number) ^ 1;
  assert.notEqual(credentialsIdOf(changed), credentialsIdOf(one));
});
