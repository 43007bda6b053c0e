import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAbsent } from '../../../../src/engine/certificates/text/absence.ts';
import {
  decodeBase64,
  decodeConcatenatedDer,
  decodeDer,
  decodeEitherText,
  decodePem,
  decodePercent,
} from '../../../../src/engine/certificates/text/decode.ts';
import { goldenBytes } from '../../../support/golden.ts';
import { faultOf } from '../support/outcome.ts';

const pem = goldenBytes('pki/p256.crt.pem').toString('latin1');
const [certificate = Buffer.alloc(0)] = decodePem(pem, 'lines');

test('only canonical Base64 is accepted', () => {
  assert.deepEqual(decodeBase64('AAECAw=='), Buffer.from([0, 1, 2, 3]));
  for (const text of [
    '',
    'AAECAw',
    'AAECAw=',
    'AAECAx==',
    'AAEC Aw==',
    'AAE_Aw==',
    'AAECAw==\n',
    '=AAA',
    'A',
    'AA=A',
  ]) {
    assert.equal(
      faultOf(() => decodeBase64(text)),
      'malformed_base64',
      text,
    );
  }
});

test('percent-encoding is decoded once, and a plus stays a plus', () => {
  assert.equal(decodePercent('a+b%2Bc%2520'), 'a+b+c%20');
  for (const text of ['%', '%4', '%zz', '%ff', '%c3']) {
    assert.equal(
      faultOf(() => decodePercent(text)),
      'malformed_percent',
      text,
    );
  }
});

test('PEM may contain only markers, Base64 and line ends', () => {
  assert.deepEqual(decodePem(pem.replaceAll('\n', '\r\n'), 'lines'), [certificate]);
  assert.deepEqual(decodePem(pem + pem, 'lines'), [certificate, certificate]);
  assert.deepEqual(decodePem(pem.replaceAll('\n', ' '), 'blanks'), [certificate]);
  const broken = [
    ` ${pem}`,
    `${pem}x`,
    pem.replaceAll('\n', ' '),
    pem.replace('CERT', 'X509 CERT'),
    `\ufeff${pem}`,
    '',
  ];
  for (const text of broken)
    assert.notEqual(
      faultOf(() => decodePem(text, 'lines')),
      'read',
      text.slice(0, 40),
    );
  assert.equal(
    faultOf(() => decodePem(pem.repeat(11), 'lines')),
    'too_many_certificates',
  );
  assert.equal(
    faultOf(() => decodePem(pem.replaceAll('\n', '\t'), 'blanks')),
    'malformed_pem',
  );
});

test('decodeEitherText reads PEM with line ends or blanks, percent-encoded PEM, and Base64 of the DER', () => {
  const texts = [
    pem,
    pem.trim().replaceAll('\n', ' '),
    encodeURIComponent(pem),
    certificate.toString('base64'),
  ];
  for (const text of texts) assert.deepEqual(decodeEitherText(text), [certificate]);
});

test('trailing bytes and other encodings of a certificate are refused', () => {
  assert.equal(decodeDer(certificate), certificate);
  const tail = Buffer.concat([certificate, Buffer.from([0])]);
  assert.equal(
    faultOf(() => decodeDer(tail)),
    'trailing_data',
  );
  for (let length = 0; length < certificate.length; length++) {
    assert.equal(
      faultOf(() => decodeDer(certificate.subarray(0, length))),
      'malformed_der',
    );
  }
  assert.deepEqual(decodeConcatenatedDer(Buffer.concat([certificate, certificate])), [
    certificate,
    certificate,
  ]);
  assert.equal(
    faultOf(() => decodeConcatenatedDer(tail)),
    'malformed_der',
  );
});

test('non-minimal and indefinite lengths inside a certificate are refused', () => {
  // The validity's SEQUENCE, 0x30 0x20, is the first with this length.
  const at = certificate.indexOf(Buffer.from('3020170d', 'hex'));
  assert.ok(at > 0);
  const indefinite = Buffer.from(certificate);
  indefinite[at + 1] = 0x80;
  assert.equal(
    faultOf(() => decodeDer(indefinite)),
    'malformed_der',
  );
});

test('only the products’ texts count as absence', () => {
  const markers = '-----BEGIN CERTIFICATE-----  -----END CERTIFICATE-----';
  const absent = [undefined, '', ' \t', '(null)', '-', '{http.request.tls.client.subject}', markers];
  for (const text of absent) assert.ok(isAbsent(text), text);
  for (const text of ['null', 'none', '0', '{x}', 'undefined', '--', '::', 'NULL', '(NULL)']) {
    assert.ok(!isAbsent(text), text);
  }
});
