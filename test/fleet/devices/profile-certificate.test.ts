import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { rootCertificates } from 'node:tls';
import fc from 'fast-check';
import { isPublicAuthority, profileCertificate } from '../../../src/fleet/devices/profile-certificate.ts';
import { goldenBytes } from '../../support/golden.ts';

describe('a profile’s certificate', () => {
  it('of a public authority is told, however it is wrapped', () => {
    const [first = ''] = rootCertificates;
    for (const pem of [first, first.replaceAll('\n', '\r\n'), `${first}\n`]) {
      assert.ok(isPublicAuthority(profileCertificate(pem).provisionDeviceKey));
    }
    const own = goldenBytes('pki/root.crt.pem').toString();
    assert.ok(!isPublicAuthority(profileCertificate(own).provisionDeviceKey));
  });

  it('is read as Java does: one block that cannot be read, and there is no chain', () => {
    const chain = goldenBytes('pki/chain3.chain.pem').toString();
    const key = (text: string) => profileCertificate(text).provisionDeviceKey;
    for (const same of [
      chain.replaceAll('\n', '\r\n'),
      chain.replaceAll('\n', '\r'),
      `subject=x\n${chain}`,
    ]) {
      assert.equal(key(same), key(chain));
    }
    for (const broken of [
      `0${chain}`,
      chain.replaceAll('CERTIFICATE-----\n', 'CERTIFICATE----- \n'),
      `${chain}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`,
      `${chain}-----BEGIN CERTIFICATE-----\n`,
    ]) {
      assert.notEqual(key(broken), key(chain));
      assert.ok(!profileCertificate(broken).storedProvisionDeviceSecret.includes('\n'));
    }
  });

  it('may be any text', () => {
    const pieces = [
      '-----BEGIN CERTIFICATE-----',
      '-----END CERTIFICATE-----',
      '-',
      '\n',
      '\r',
      'AAAA',
      '0',
      ' ',
    ];
    const text = fc.array(fc.constantFrom(...pieces)).map((some) => some.join(''));
    fc.assert(
      fc.property(fc.oneof(text, fc.string({ unit: 'binary' })), (secret) => {
        assert.match(profileCertificate(secret).provisionDeviceKey, /^[0-9a-f]{64}$/);
      }),
    );
  });
});
