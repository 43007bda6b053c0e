import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FormSettings } from '../../../src/engine/certificates/forms/form.ts';
import { HEADER_FORMS } from '../../../src/engine/certificates/forms/registry.ts';
import { enableForms, readCertificateHeaders } from '../../../src/engine/certificates/header-certificates.ts';
import { verificationDenial } from '../../../src/engine/credentials/certificate/certificate.ts';
import type { CertificateFault, PresentedCertificate } from '../../../src/model/peer-certificate.ts';
import { goldenBytes } from '../../support/golden.ts';
import { detail } from './support/outcome.ts';

const pem = goldenBytes('pki/p256.crt.pem').toString('latin1');
const otherPem = goldenBytes('pki/ed25519.crt.pem').toString('latin1');
const base64 = pem.replaceAll(/-----[^-]*-----|\n/g, '');
const otherBase64 = otherPem.replaceAll(/-----[^-]*-----|\n/g, '');

type Headers = readonly (readonly [string, string])[];

function read(name: string, headers: Headers, settings: FormSettings = {}): PresentedCertificate {
  return readCertificateHeaders(headers.flat(), enableForms([{ name, settings }]), true).certificate;
}

const CERTIFICATE = 'X-SSL-Client-Cert';
const VERIFY = 'X-SSL-Client-Verify';
const escaped = encodeURIComponent(pem);
const oneLine = pem.trim().replaceAll('\n', ' ');

test('the operator’s declaration counts only if the endpoint reports nothing', () => {
  const endpointVerifies = true;
  const cases: readonly [string, Headers, string][] = [
    ['caddy', [[CERTIFICATE, base64]], 'verified'],
    ['rfc9440', [['Client-Cert', `:${base64}:`]], 'verified'],
    ['azure_app_service', [['X-ARR-ClientCert', base64]], 'not_checked'],
    ['aws_alb_passthrough', [['X-Amzn-Mtls-Clientcert', escaped]], 'not_checked'],
    ['nginx', [[CERTIFICATE, escaped]], 'failed'],
    [
      'nginx',
      [
        [CERTIFICATE, escaped],
        [VERIFY, 'FAILED:x'],
      ],
      'failed',
    ],
    ['cloudflare', [['Cf-Client-Cert-Der-Base64', base64]], 'not_checked'],
  ];
  for (const [name, headers, expected] of cases) {
    assert.equal(detail(read(name, headers, { endpointVerifies })), expected, name);
  }
  const withoutWord = { endpointVerifies, headers: { verification: '' } };
  assert.equal(detail(read('nginx', [[CERTIFICATE, escaped]], withoutWord)), 'verified');
});

test('a failed verification gives its reason in text that is safe for a log', () => {
  const detail = (word: string) => {
    const reading = read('nginx', [
      [CERTIFICATE, escaped],
      [VERIFY, word],
    ]);
    return reading.kind === 'certificate' ? reading.verificationDetail : reading.kind;
  };
  assert.equal(detail('FAILED:certificate has expired'), 'FAILED:certificate has expired');
  assert.equal(detail('FAILED:\u00ff\u0007'), 'FAILED:??');
  assert.equal(detail(`FAILED:${'x'.repeat(500)}`)?.length, 100);
  assert.equal(detail('<script>'), 'an unknown verification result');
  assert.equal(detail('NONE'), 'the endpoint says that there is no certificate');
  assert.equal(detail(''), 'the certificate was sent without a verification result');
  assert.equal(detail('SUCCESS'), undefined);
});

test('failed and unreadable certificates are always denied, unchecked ones unless accepted', () => {
  const at = (headers: Headers) => read('apache', headers);
  const failed = at([
    [CERTIFICATE, oneLine],
    [VERIFY, 'FAILED:x'],
  ]);
  const unchecked = at([
    [CERTIFICATE, oneLine],
    [VERIFY, 'GENEROUS'],
  ]);
  for (const chosen of [true, false]) {
    assert.equal(verificationDenial(failed, chosen), 'certificate_verification_failed');
    assert.equal(verificationDenial(at([[VERIFY, 'FAILED:x']]), chosen), 'certificate_verification_failed');
    assert.equal(verificationDenial(at([[CERTIFICATE, 'x']]), chosen), 'certificate_unreadable');
    assert.equal(verificationDenial(at([[VERIFY, 'SUCCESS']]), chosen), 'certificate_unreadable');
    assert.equal(verificationDenial(at([]), chosen), undefined);
  }
  assert.equal(verificationDenial(unchecked, false), 'certificate_not_checked');
  assert.equal(verificationDenial(unchecked, true), undefined);
});

test('headers of a form that is not enabled are ignored and reported', () => {
  const headers = [
    'client-cert',
    `:${base64}:`,
    CERTIFICATE,
    escaped,
    VERIFY,
    'SUCCESS',
    'x-arr-clientcert',
    '',
  ];
  const reading = readCertificateHeaders(headers, enableForms([{ name: 'nginx' }]), true);
  assert.equal(detail(reading.certificate), 'verified');
  assert.deepEqual(reading.ignored, [{ header: 'client-cert', forms: ['rfc9440', 'cloudflare_rfc9440'] }]);
});

test('enabled forms must agree, and the least certain verification counts', () => {
  const forms = enableForms([{ name: 'nginx' }, { name: 'rfc9440' }]);
  const readBoth = (first: string, word: string, second: string) =>
    detail(
      readCertificateHeaders(
        [CERTIFICATE, encodeURIComponent(first), VERIFY, word, 'client-cert', second],
        forms,
        true,
      ).certificate,
    );
  assert.equal(readBoth(pem, 'SUCCESS', `:${otherBase64}:`), 'conflicting_headers');
  assert.equal(readBoth(pem, 'SUCCESS', `:${base64}:`), 'not_checked');
  assert.equal(readBoth(pem, 'FAILED:x', `:${base64}:`), 'failed');
  assert.equal(readBoth(pem, 'SUCCESS', 'nonsense'), 'structured_field_syntax');
  assert.equal(readBoth(pem, 'SUCCESS', ''), 'verified');
});

test('a header of an enabled form is refused from a peer that is not a proxy', () => {
  const forms = enableForms([{ name: 'nginx' }]);
  const from = (headers: string[]) => detail(readCertificateHeaders(headers, forms, false).certificate);
  assert.equal(from([CERTIFICATE, escaped, VERIFY, 'SUCCESS']), 'untrusted_source');
  assert.equal(from(['host', 'x']), 'none');
});

test('a repeated header is refused', () => {
  const twice = (name: string, headers: Headers) => detail(read(name, headers));
  const refusal: CertificateFault = 'duplicate_header';
  assert.equal(
    twice('nginx', [
      [CERTIFICATE, escaped],
      ['x-ssl-client-cert', escaped],
      [VERIFY, 'SUCCESS'],
    ]),
    refusal,
  );
  assert.equal(
    twice('nginx', [
      [CERTIFICATE, escaped],
      [VERIFY, 'SUCCESS'],
      [VERIFY, 'SUCCESS'],
    ]),
    refusal,
  );
  assert.equal(
    twice('nginx', [
      [CERTIFICATE, escaped],
      [VERIFY, 'SUCCESS'],
      ['x_ssl_client_verify', 'x'],
    ]),
    refusal,
  );
  assert.equal(
    twice('nginx', [
      [CERTIFICATE, escaped],
      [CERTIFICATE, ''],
      [VERIFY, 'SUCCESS'],
    ]),
    refusal,
  );
});

test('enabling forms refuses impossible settings with a sentence', () => {
  const refused = (...forms: { name: string; settings?: FormSettings }[]) => {
    try {
      enableForms(forms);
    } catch (error) {
      return (error as Error).message;
    }
    return undefined;
  };
  assert.equal(refused({ name: 'ngnix' }), 'there is no certificate form "ngnix" in headers');
  assert.equal(
    refused({ name: 'nginx' }, { name: 'haproxy' }),
    'the forms nginx and haproxy both read the header x-ssl-client-cert',
  );
  assert.equal(
    refused({ name: 'caddy', settings: { headers: { revoked: 'x' } } }),
    'the certificate form caddy has no revoked header',
  );
  assert.match(
    refused({ name: 'caddy', settings: { headers: { certificate: 'a b' } } }) ?? '',
    /not a header name/,
  );
  assert.equal(refused({ name: 'caddy', settings: { headers: { certificate: ' X-Mine ' } } }), undefined);
  // Any two forms whose headers differ may be on together, and each form can be switched on by its name.
  for (const name of HEADER_FORMS.keys()) assert.equal(refused({ name }), undefined);
});
