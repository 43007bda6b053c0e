import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { EMQX_CERT_PEM } from '../../../src/engine/certificates/forms/bodies/emqx.ts';
import { NO_CERTIFICATE } from '../../../src/model/peer-certificate.ts';
import { ASKED, access, attempt, BELIEVING, BELIEVING_BOTH, BELIEVING_NAMES } from '../../support/emqx.ts';

const PEM = readFileSync(new URL('../../golden/pki/rsa2048.crt.pem', import.meta.url), 'utf8');
const BASE64 = PEM.replaceAll(/-----[^-]+-----|\s/g, '');
const DER = Buffer.from(BASE64, 'base64');

describe('a certificate', () => {
  const fields = {
    clientid: 'c',
    cert_pem: BASE64,
    cert_common_name: 'meter-0001',
    cert_subject: 'CN=meter-0001',
  };

  it('is not even read where no form is switched on', () => {
    assert.equal(attempt(fields).certificate, NO_CERTIFICATE);
    assert.equal(attempt({ ...fields, cert_pem: '!' }).certificate, NO_CERTIFICATE);
  });

  it('is the leaf’s DER, which nobody says was checked', () => {
    for (const text of [
      BASE64,
      PEM,
      encodeURIComponent(PEM),
      encodeURIComponent(BASE64),
      BASE64.replaceAll('+', ' '),
    ]) {
      const { certificate } = attempt({ ...fields, cert_pem: text }, BELIEVING);
      assert.ok(certificate.kind === 'certificate', text.slice(0, 40));
      assert.equal(certificate.form, EMQX_CERT_PEM);
      assert.deepEqual(Buffer.from(certificate.der), DER);
      assert.deepEqual(certificate.chain, []);
      assert.equal(certificate.verification, 'not_checked');
    }
  });

  it('that cannot be read is a denial of its own, and never none', () => {
    const texts = [
      '!',
      'AAAA',
      BASE64.slice(1),
      `${BASE64}AAAA`,
      `${PEM}${PEM}`,
      '%',
      '%ff',
      `-${BASE64}`,
      `${BASE64}\n`,
    ];
    for (const text of texts) {
      assert.equal(
        attempt({ ...fields, cert_pem: text }, BELIEVING_BOTH).certificate.kind,
        'unreadable',
        text.slice(0, 40),
      );
    }
  });

  it('is enough to name the client', () => {
    assert.equal(attempt({ cert_pem: BASE64 }, BELIEVING).certificate.kind, 'certificate');
  });

  it('as a name counts only where names are enabled, and only without the certificate', () => {
    const { cert_pem: _, ...names } = fields;
    assert.equal(attempt(names, BELIEVING).certificate, NO_CERTIFICATE);
    for (const settings of [BELIEVING_NAMES, BELIEVING_BOTH]) {
      assert.deepEqual(attempt({ ...names, cert_pem: '' }, settings).certificate, {
        kind: 'name',
        form: 'emqx_name',
        commonName: 'meter-0001',
        subject: 'CN=meter-0001',
      });
    }
    assert.equal(attempt(fields, BELIEVING_BOTH).certificate.kind, 'certificate');
    assert.equal(
      attempt({ clientid: 'c', cert_common_name: '', cert_subject: '' }, BELIEVING_BOTH).certificate,
      NO_CERTIFICATE,
    );
    assert.equal(access({ ...ASKED, ...names }, BELIEVING_BOTH).certificate.kind, 'name');
  });
});
