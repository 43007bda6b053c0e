import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readElement, readOid } from '../../../../src/engine/certificates/x509/der.ts';

test('lengths and object identifiers of DER', () => {
  const element = (hex: string) => {
    const bytes = Buffer.from(hex, 'hex');
    return readElement(bytes, 0, bytes.length);
  };
  assert.deepEqual(element('0401ff'), { tag: 4, start: 0, contents: 2, end: 3 });
  for (const hex of [
    '',
    '04',
    '0402ff',
    '048101ff',
    '04820001ff',
    '0480',
    '1f0100',
    '0484ffffffff',
    '048200',
  ]) {
    assert.throws(() => element(hex), { code: 'der_malformed' }, hex);
  }
  const oid = (hex: string) => readOid(Buffer.from(hex, 'hex'), element(hex));
  assert.equal(oid('06092a864886f70d01010b'), '1.2.840.113549.1.1.11');
  assert.equal(oid('0603883703'), '2.999.3');
  assert.equal(oid('060127'), '0.39');
  for (const hex of ['0600', '060188', '0601ff'])
    assert.throws(() => oid(hex), { code: 'der_malformed' }, hex);
});
