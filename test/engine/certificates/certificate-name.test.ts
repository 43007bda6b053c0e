import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromSubject, identifyingCommonName } from '../../../src/engine/certificates/certificate-name.ts';
import { type NameNotation, parseName } from '../../../src/engine/certificates/x509/distinguished-name.ts';
import type { BrokerName } from '../../../src/model/question.ts';
import { nameSourceOf } from '../../support/name-source.ts';

function values(text: string, notation: NameNotation): string[][] {
  return parseName(text, notation).map((rdn) => rdn.map(({ type, value }) => `${type}=${value}`));
}

test('RFC 4514: last RDN first, escapes, bytes, hex values', () => {
  assert.deepEqual(values('CN=a+UID=b,O=c', 'rfc4514'), [['O=c'], ['CN=a', 'UID=b']]);
  assert.deepEqual(values(String.raw`CN=a\,b\+\"\\\ \23`, 'rfc4514'), [[String.raw`CN=a,b+"\ #`]]);
  assert.deepEqual(values(String.raw`CN=caf\C3\A9,O=Zä`, 'rfc4514'), [['O=Zä'], ['CN=café']]);
  assert.deepEqual(values('2.5.4.3=#0c0161,CN=', 'rfc4514'), [['CN='], ['2.5.4.3=a']]);
  assert.deepEqual(values('', 'rfc4514'), []);
});

test('mbedTLS: encoded order, a blank after the comma and around the plus', () => {
  assert.deepEqual(values(String.raw`O=Acme\, Inc., OU=a + L=b, CN=c`, 'mbedtls'), [
    ['O=Acme, Inc.'],
    ['OU=a', 'L=b'],
    ['CN=c'],
  ]);
  assert.deepEqual(values(String.raw`O=x CN\=admin, CN=d`, 'mbedtls'), [['O=x CN=admin'], ['CN=d']]);
});

test('text outside the notation is refused', () => {
  const broken: [NameNotation, string[]][] = [
    [
      'rfc4514',
      [
        'CN',
        'CN=a,',
        ',CN=a',
        'CN=a, O=b',
        'CN=a;O=b',
        'CN="a"',
        'CN=a<b',
        String.raw`CN=\x`,
        'CN=a\\',
        String.raw`CN=\C3`,
      ].concat(['/CN=a', '=a', 'CN=#0c', 'CN=#0c0261', 'CN=a++O=b']),
    ],
    ['mbedtls', ['CN=a,O=b', 'O=x CN=admin, CN=d', 'CN=a+O=b', `CN=${'a'.repeat(1023)}`]],
  ];
  for (const [notation, texts] of broken) {
    for (const text of texts)
      assert.throws(
        () => parseName(text, notation),
        { code: 'distinguished_name_unreadable' },
        text.slice(0, 40),
      );
  }
});

test('only a single, complete and undoubted common name identifies a client', () => {
  const found = (subject: string, notation: NameNotation = 'rfc4514') => {
    const verdict = fromSubject(subject, notation);
    return verdict.found ? verdict.commonName : undefined;
  };
  assert.equal(found('cn=a,O=b'), 'a');
  assert.equal(found('2.5.4.3=a'), 'a');
  for (const subject of [
    '',
    'O=b',
    'CN=',
    'CN=a,CN=b',
    'CN=a+CN=b',
    String.raw`CN=a\00b`,
    'CN=a\ufffd',
    'CN=a/CN=b,CN=c',
  ]) {
    assert.equal(found(subject), undefined, subject);
  }
  assert.equal(found('C=DE, CN=Z??rich', 'mbedtls'), undefined);
  assert.equal(found('O=Z??rich, CN=a', 'mbedtls'), 'a');
});

test('subject and common name must agree, as far as the broker’s common name is reliable', () => {
  const found = (broker: BrokerName, commonName?: string, subject?: string) => {
    const verdict = identifyingCommonName(
      { kind: 'name', form: 'test', commonName, subject },
      nameSourceOf(broker),
    );
    return verdict.found ? verdict.commonName : undefined;
  };
  assert.equal(found('emqx', 'a', 'CN=a,O=b'), 'a');
  assert.equal(found('emqx', 'x', 'CN=a,O=b'), undefined);
  assert.equal(found('emqx', 'a,b', String.raw`CN=a\,b`), 'a,b');
  assert.equal(found('emqx', 'a,b', 'CN=b,CN=a'), undefined);
  assert.equal(found('emqx', 'a,b'), undefined);
  // From PROXY protocol v2: the common name in both places.
  assert.equal(found('emqx', 'pump-7', 'pump-7'), 'pump-7');
  assert.equal(found('emqx', 'CN=a', 'CN=a'), 'CN=a');
  assert.equal(found('mosquitto', 'a,b'), 'a,b');
  assert.equal(found('nanomq', 'a, O=b', 'CN=a, O=b'), 'a');
  assert.equal(found('nanomq', 'a'), undefined);
  assert.equal(found('generic'), undefined);
  assert.equal(found('generic', ''), undefined);
});
