import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { decodePem } from '../../../../src/engine/certificates/text/decode.ts';
import { readElement, TAG } from '../../../../src/engine/certificates/x509/der.ts';
import { readTime } from '../../../../src/engine/certificates/x509/der-text.ts';
import {
  datesOf,
  inspectCertificate,
  opensslCertificate,
} from '../../../../src/engine/certificates/x509/inspect.ts';
import { formatName } from '../../../../src/engine/certificates/x509/name.ts';
import { GOLDEN, goldenBytes } from '../../../support/golden.ts';

function derOf(name: string): Buffer {
  const [der] = decodePem(goldenBytes(`pki/${name}.crt.pem`).toString('latin1'), 'lines');
  assert.ok(der);
  return der;
}

const names = readdirSync(join(GOLDEN, 'pki'))
  .filter((file) => file.endsWith('.crt.pem'))
  .map((file) => file.replace('.crt.pem', ''));

test('every certificate of the test authorities is read as OpenSSL reads it', () => {
  for (const name of names) {
    const der = derOf(name);
    const own = inspectCertificate(der);
    const theirs = opensslCertificate(der);
    assert.equal(own.sha256, theirs.fingerprint256.replaceAll(':', '').toLowerCase(), name);
    assert.equal(own.serialNumber, theirs.serialNumber, name);
    assert.equal(own.notBefore, Date.parse(theirs.validFrom), name);
    assert.equal(own.notAfter, Date.parse(theirs.validTo), name);
    assert.deepEqual(datesOf(der), { notBefore: own.notBefore, notAfter: own.notAfter }, name);
    assert.equal(own.basicConstraints?.ca ?? false, theirs.ca, name);
    // What Node calls keyUsage is the extended one.
    assert.deepEqual(own.extendedKeyUsage, theirs.keyUsage, name);
    const { asymmetricKeyType, asymmetricKeyDetails } = theirs.publicKey;
    assert.equal(own.key.name.toLowerCase(), asymmetricKeyType, name);
    assert.equal(own.key.bits, asymmetricKeyDetails?.modulusLength, name);
    if (own.key.curve !== undefined) assert.equal(asymmetricKeyDetails?.namedCurve, 'prime256v1', name);
    const texts = theirs.subjectAltName?.split(', ').length ?? 0;
    assert.equal(own.alternativeNames.length, texts, name);
  }
  assert.ok(names.length > 20);
});

test('names are read by their string type and formatted as RFC 4514', () => {
  assert.deepEqual(inspectCertificate(derOf('twocn')).commonNames, ['first-cn', 'second-cn']);
  assert.equal(inspectCertificate(derOf('nullcn')).commonName, 'admin\0.evil.example');
  assert.deepEqual(inspectCertificate(derOf('bmp')).subject.at(-1), [
    { oid: '2.5.4.3', value: 'Ωmega-9', stringType: 'bmpString' },
  ]);
  assert.equal(inspectCertificate(derOf('t61')).subject.at(-1)?.[0]?.stringType, 'teletexString');
  const formatted = (name: string) => formatName(inspectCertificate(derOf(name)).subject);
  assert.equal(
    formatted('specials'),
    String.raw`CN=pump=7\, \"north\" \\ side \+ #1,OU=R\+D\; \"Pumps\" \<west\>,O=Acme\, Inc.,C=US`,
  );
  assert.equal(formatted('nullcn'), String.raw`CN=admin\00.evil.example,O=Example Metering`);
  assert.equal(formatted('nosubject'), '');
});

test('alternative names keep their types', () => {
  assert.deepEqual(inspectCertificate(derOf('san')).alternativeNames, [
    { type: 'dns', value: 'dev-1.example.test' },
    { type: 'dns', value: 'xn--gert-7qa.example.test' },
    { type: 'uri', value: 'spiffe://example.test/site/7/dev-1' },
    { type: 'uri', value: 'urn:example:dev;x=1' },
    { type: 'email', value: 'dev-1@example.test' },
    { type: 'ip', value: '192.0.2.7' },
    { type: 'ip', value: '2001:db8::7' },
    { type: 'other', oid: '1.3.6.1.4.1.311.20.2.3', value: 'dev-1@corp.example.test' },
    { type: 'registered_id', value: '1.2.3.4' },
  ]);
});

test('usages, path length, key and signature', () => {
  const authority = inspectCertificate(derOf('inter-b'));
  assert.deepEqual(authority.basicConstraints, { ca: true, pathLength: 0 });
  assert.deepEqual(authority.keyUsage, ['keyCertSign', 'cRLSign']);
  assert.deepEqual(authority.key, { oid: '1.2.840.113549.1.1.1', name: 'RSA', bits: 2048 });
  assert.equal(authority.signature.name, 'SHA-256 with ECDSA');
  assert.equal(inspectCertificate(derOf('noeku')).extendedKeyUsage, undefined);
  assert.deepEqual(inspectCertificate(derOf('serverauth')).extendedKeyUsage, ['1.3.6.1.5.5.7.3.1']);
  assert.equal(inspectCertificate(derOf('rsapss')).key.name, 'RSA-PSS');
  assert.equal(inspectCertificate(derOf('ed25519')).key.name, 'Ed25519');
});

test('bytes that differ from OpenSSL’s own encoding are refused', () => {
  const der = derOf('p256');
  const tail = Buffer.concat([der, Buffer.from([0, 0])]);
  assert.doesNotThrow(() => new X509Certificate(tail));
  assert.throws(() => opensslCertificate(tail), { code: 'certificate_unreadable' });
  assert.throws(() => opensslCertificate(Buffer.from('junk')), { code: 'certificate_unreadable' });
});

test('a name with bytes invalid for its string type makes the certificate unreadable', () => {
  const der = Buffer.from(derOf('utf8'));
  const at = der.indexOf(Buffer.from('温', 'utf8'));
  der[at] = 0xff;
  assert.throws(() => inspectCertificate(der), { code: 'certificate_unreadable' });
});

test('dates may have two-digit years, no seconds or an offset; invalid days are refused', () => {
  const time = (tag: number, text: string) => {
    const bytes = Buffer.concat([Buffer.from([tag, text.length]), Buffer.from(text)]);
    return readTime(bytes, readElement(bytes, 0, bytes.length));
  };
  assert.equal(time(TAG.utcTime, '491231235959Z'), Date.UTC(2049, 11, 31, 23, 59, 59));
  assert.equal(time(TAG.utcTime, '500101000000Z'), Date.UTC(1950, 0, 1));
  assert.equal(time(TAG.utcTime, '2001010000Z'), Date.UTC(2020, 0, 1));
  assert.equal(time(TAG.utcTime, '200101020000+0200'), Date.UTC(2020, 0, 1));
  assert.equal(time(TAG.generalizedTime, '20600101000000Z'), Date.UTC(2060, 0, 1));
  assert.equal(time(TAG.generalizedTime, '99991231235959Z'), Date.UTC(9999, 11, 31, 23, 59, 59));
  for (const text of [
    '210229000000Z',
    '211301000000Z',
    '210101240000Z',
    '210101000000',
    '21010100000Z',
    '',
  ]) {
    assert.throws(() => time(TAG.utcTime, text), { code: 'der_malformed' }, text);
  }
  assert.throws(() => time(TAG.generalizedTime, '200101000000Z'), { code: 'der_malformed' });
});
