import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { emqx } from '../../src/brokers/emqx/dialect.ts';
import type { PresentedCertificate } from '../../src/model/peer-certificate.ts';
import { PLAIN_SETTINGS } from '../support/broker-settings.ts';
import { readCapture } from '../support/captured-request.ts';
import { GOLDEN, goldenFile } from '../support/golden.ts';
import { accessesOf, attemptOf, endpointAt, get, post } from '../support/questions.ts';

/**
 * What EMQX sent with `peer_cert_as_username` and `peer_cert_as_clientid`, read with the form for it switched on, and without.
 */

const CAPTURES = 'captures/emqx';
const CAPTURED = /^\d\d-peer-cert-as-(username|clientid)-(cn|dn|pem|crt)-.*\.http$/;

for (const version of ['5.8.9', '6.2.2']) {
  const folder = `${CAPTURES}/${version}`;
  goldenFile(
    folder,
    () => readdirSync(join(GOLDEN, folder)).filter((name) => CAPTURED.test(name)),
    (name) => {
      const [, place = '', mode = ''] = CAPTURED.exec(name) ?? [];
      const form = `emqx_${place}_${mode}`;
      const { fields, read } = requestOf(`${folder}/${name}`);
      const certificate = read(form);
      if (fields.get('cert_common_name') === '') {
        // Captured without a certificate: the client's own text stands there, and counts as nothing else.
        assert.equal(certificate.kind, 'none');
        return;
      }
      if (mode === 'cn' || mode === 'dn') {
        assert.ok(certificate.kind === 'name', certificate.kind);
        assert.equal(certificate.commonName, fields.get('cert_common_name'));
        assert.equal(certificate.subject, fields.get('cert_subject'));
      } else {
        assert.ok(certificate.kind === 'certificate', JSON.stringify(certificate));
        const whole = fields.get('cert_pem') || fields.get(place);
        assert.equal(Buffer.from(certificate.der).toString('base64'), whole);
        assert.equal(certificate.verification, 'not_checked');
      }
      assert.equal(certificate.form, form);
      // The other place holds the client's own text, which is no certificate, though one was announced.
      const other = read(`emqx_${place === 'username' ? 'clientid' : 'username'}_${mode}`);
      assert.equal(other.kind, 'unreadable');
      assert.equal(read(undefined).kind, 'none');
    },
  );
}

/** A captured request's fields, and what the dialect takes for the certificate in it, with one form switched on or none. */
function requestOf(path: string) {
  const { method, query, body } = readCapture(path);
  const request = method === 'GET' ? get(query.slice(1)) : post(body);
  const isJson = body[0] === 0x7b;
  const fields = isJson
    ? new Map<string, string>(Object.entries(JSON.parse(body.toString('utf8'))))
    : new URLSearchParams(method === 'GET' ? query : body.toString('latin1'));
  const isTopic = fields.get('topic') !== undefined && fields.get('topic') !== null;
  const read = (form: string | undefined): PresentedCertificate => {
    const settings = { ...PLAIN_SETTINGS, certificateForms: new Set(form === undefined ? [] : [form]) };
    if (!isTopic) {
      const attempt = attemptOf(endpointAt(emqx, '/emqx/authentication').read(request, settings));
      if (form === undefined) assert.ok(!fields.get('cert_pem') || attempt.ignoredCertificates);
      return attempt.certificate;
    }
    const [access] = accessesOf(endpointAt(emqx, '/emqx/authorization').read(request, settings));
    assert.ok(access);
    return access.certificate;
  };
  return { fields, read };
}
