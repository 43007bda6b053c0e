import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readApiGatewayCertificate } from '../../../../src/engine/certificates/forms/bodies/aws-api-gateway.ts';
import { readEmqxCertPem } from '../../../../src/engine/certificates/forms/bodies/emqx.ts';
import { readEmqxPeerCertificate } from '../../../../src/engine/certificates/forms/bodies/emqx-peer-certificate.ts';
import { readGenericCertificate } from '../../../../src/engine/certificates/forms/bodies/generic-body.ts';
import { readVernemqClientCert } from '../../../../src/engine/certificates/forms/bodies/vernemq.ts';
import { decodePem } from '../../../../src/engine/certificates/text/decode.ts';
import { goldenBytes } from '../../../support/golden.ts';
import { detail } from '../support/outcome.ts';
import { peerForm } from '../support/peer-form.ts';

function pemOf(name: string): string {
  return goldenBytes(`pki/${name}.pem`).toString('latin1');
}

const chainPem = pemOf('chain3.chain');
const chain = decodePem(chainPem, 'lines') as [Buffer, Buffer, Buffer];
const [leaf, lower, upper] = chain;
const base64 = leaf.toString('base64');

test('EMQX cert_pem: Base64 of the DER, empty without a certificate, verified only if the operator declares it', () => {
  assert.equal(detail(readEmqxCertPem(base64)), 'not_checked');
  assert.equal(detail(readEmqxCertPem(base64, { endpointVerifies: true })), 'verified');
  assert.equal(detail(readEmqxCertPem(pemOf('chain3.crt'))), 'not_checked');
  assert.equal(detail(readEmqxCertPem('')), 'none');
  assert.equal(detail(readEmqxCertPem(undefined)), 'none');
  assert.equal(detail(readEmqxCertPem('$' + '{cert_pem}')), 'malformed_base64');
  assert.equal(detail(readEmqxCertPem(chainPem)), 'multiple_certificates');
  assert.equal(detail(readEmqxCertPem('A'.repeat(40_000))), 'too_large');
});

test('EMQX peer_cert_as_username: accepted only if EMQX is shown to have written it', () => {
  const read = (value: string | Uint8Array, seen = {}) =>
    detail(readEmqxPeerCertificate(peerForm('pem'), value, seen));
  assert.equal(read(base64, { commonName: 'chained-0001' }), 'not_checked');
  assert.equal(read(base64, { certificateRequired: true }), 'not_checked');
  // Typed by a client without a certificate, or by one with another.
  assert.equal(read(base64), 'uncorroborated');
  assert.equal(read(base64, { commonName: 'someone-else' }), 'uncorroborated');
  // A client's own user name.
  assert.equal(read('my-token'), 'none');
  assert.equal(read(''), 'none');
  // A certificate was presented, and this is not it.
  assert.equal(read('my-token', { commonName: 'chained-0001' }), 'malformed_base64');
  assert.equal(read('', { commonName: 'chained-0001' }), 'withheld');
  const crt = (value: string | Uint8Array) =>
    detail(readEmqxPeerCertificate(peerForm('crt'), value, { commonName: 'chained-0001' }));
  assert.equal(crt(leaf), 'not_checked');
  assert.equal(crt(leaf.toString('latin1')), 'not_checked');
  assert.equal(crt(leaf.toString('utf8')), 'malformed_der');
  assert.equal(detail(readEmqxPeerCertificate(peerForm('md5'), 'token', {})), 'none');
  assert.equal(
    detail(readEmqxPeerCertificate(peerForm('md5'), 'token', { certificateRequired: true })),
    'malformed_field',
  );
});

test('EMQX peer_cert_as_username = cn, dn: accepted only if the broker’s own field agrees', () => {
  const read = (mode: 'cn' | 'dn', value: string | undefined, seen = {}) =>
    detail(readEmqxPeerCertificate(peerForm(mode), value, seen));
  const names = { commonName: 'a', subject: 'CN=a,O=b' };
  assert.equal(read('cn', 'a', names), 'name');
  assert.equal(read('dn', 'CN=a,O=b', names), 'name');
  // A client without a certificate keeps its own user name; so does one whose certificate has no such name.
  assert.equal(read('cn', 'a'), 'none');
  assert.equal(read('dn', 'CN=a,O=b', { commonName: '', subject: '' }), 'none');
  assert.equal(read('cn', 'a', { commonName: '', subject: 'O=b' }), 'uncorroborated');
  assert.equal(read('cn', 'a', { ...names, commonName: 'other' }), 'uncorroborated');
  assert.equal(read('dn', 'a', names), 'uncorroborated');
  assert.equal(read('cn', '', names), 'withheld');
  // Whatever the listener demands: a certificate may have no common name, and then the client chooses.
  assert.equal(read('cn', 'a', { certificateRequired: true }), 'none');
});

test('EMQX sent these user names: recorded requests', () => {
  for (const [file, mode] of [
    ['30-peer-cert-as-username-pem-01', 'pem'],
    ['34-peer-cert-as-username-crt-form-01', 'crt'],
  ] as const) {
    const bytes = goldenBytes(`captures/emqx/5.8.9/${file}.http`);
    const body = bytes.subarray(bytes.indexOf('\r\n\r\n') + 4).toString('latin1');
    const fields = body.startsWith('{') ? (JSON.parse(body) as Record<string, string>) : formFields(body);
    const reading = readEmqxPeerCertificate(peerForm(mode), fields.username, {
      commonName: fields.cert_common_name,
    });
    assert.equal(detail(reading), 'not_checked', file);
    const whole = readEmqxCertPem(fields.cert_pem);
    assert.deepEqual(
      reading.kind === 'certificate' && reading.der,
      whole.kind === 'certificate' && whole.der,
    );
  }
});

/** A form's fields with each byte as one Latin-1 character. */
function formFields(body: string): Record<string, string> {
  const decode = (text: string) =>
    text
      .replaceAll('+', ' ')
      .replaceAll(/%([0-9A-Fa-f]{2})/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Object.fromEntries(body.split('&').map((pair) => pair.split('=').map(decode)));
}

test('VerneMQ client_cert: verified, null without a certificate, broken text refused', () => {
  const recorded = (name: string) => {
    const bytes = goldenBytes(`captures/vernemq/${name}.http`);
    return JSON.parse(bytes.subarray(bytes.indexOf('\r\n\r\n') + 4).toString('utf8')).client_cert;
  };
  assert.equal(detail(readVernemqClientCert(recorded('2.2.0.auth_on_register.client-cert'))), 'verified');
  assert.equal(
    detail(readVernemqClientCert(recorded('2.2.0.auth_on_register.client-cert-base64-off'))),
    'malformed_base64',
  );
  for (const value of [undefined, null, '']) assert.equal(detail(readVernemqClientCert(value)), 'none');
  assert.equal(detail(readVernemqClientCert(7)), 'malformed_field');
});

test('generic body: PEM, Base64, arrays, a chain in either order with or without the leaf', () => {
  const texts = chain.map((der) => der.toString('base64'));
  const bodies = [
    { certificate: chainPem },
    { certificate: texts },
    { certificate: base64, certificateChain: texts },
    { certificate: base64, certificateChain: texts.slice(1) },
    { certificate: base64, certificateChain: texts.toReversed() },
    { certificate: [base64], certificateChain: chainPem },
    { certificate: pemOf('chain3.crt'), certificateChain: texts.slice(1).toReversed() },
  ];
  for (const body of bodies) {
    const reading = readGenericCertificate(body);
    assert.equal(detail(reading), 'not_checked');
    assert.ok(reading.kind === 'certificate');
    assert.deepEqual(reading.der, leaf);
    assert.deepEqual(reading.chain, [lower, upper]);
  }
});

test('generic body: verification flags and missing members', () => {
  const read = (fields: Record<string, unknown>) => detail(readGenericCertificate(fields));
  assert.equal(read({ certificate: base64, certificateVerified: true }), 'verified');
  assert.equal(read({ certificate: base64, certificateVerified: false }), 'failed');
  assert.equal(read({ certificate: base64, certificateVerified: 'true' }), 'malformed_field');
  assert.equal(read({}), 'none');
  assert.equal(read({ certificate: null, certificateVerified: false }), 'none');
  assert.equal(read({ certificate: '' }), 'none');
  assert.equal(read({ certificateVerified: true }), 'withheld');
  assert.equal(read({ certificateChain: base64 }), 'chain_without_leaf');
  assert.equal(read({ certificate: 1 }), 'malformed_field');
  assert.equal(read({ certificate: [[base64]] }), 'malformed_field');
  assert.equal(read({ certificate: Array.from({ length: 11 }, () => base64) }), 'too_many_certificates');
});

test('API Gateway: REST and HTTP contexts', () => {
  const clientCert = { clientCertPem: pemOf('chain3.crt') };
  const read = (context: unknown) => detail(readApiGatewayCertificate({ requestContext: context }));
  assert.equal(read({ identity: { clientCert } }), 'verified');
  assert.equal(read({ authentication: { clientCert } }), 'verified');
  assert.equal(read({ identity: { clientCert }, authentication: { clientCert } }), 'conflicting_headers');
  assert.equal(read({ identity: { clientCert: null } }), 'none');
  assert.equal(detail(readApiGatewayCertificate('text')), 'none');
});
