import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  enableForms,
  readCertificateHeaders,
} from '../../../../src/engine/certificates/header-certificates.ts';
import { decodePem } from '../../../../src/engine/certificates/text/decode.ts';
import { goldenBytes } from '../../../support/golden.ts';
import { detail } from '../support/outcome.ts';

/**
 * Each product's words for "verified", "failed", "not checked" and "none", and what they come to
 * (`forwarded-certificates.md` section 3 and below).
 */

const pem = goldenBytes('pki/p256.crt.pem').toString('latin1');
const [der = Buffer.alloc(0)] = decodePem(pem, 'lines');
const base64 = der.toString('base64');
const escaped = encodeURIComponent(pem);
const oneLine = pem.trim().replaceAll('\n', ' ');
const sequence = `:${base64}:`;
const EMPTY_MARKERS = '-----BEGIN CERTIFICATE-----  -----END CERTIFICATE-----';
const PLACEHOLDER = '{http.request.tls.client.certificate_der_base64}';

/** A header that does not come at all. */
const NO = undefined;

type Row = readonly (string | undefined)[];

/** Values of the headers in turn, and at last what they come to: a verification, a fault, or a kind. */
function words(form: string, headers: readonly string[], rows: readonly Row[]): void {
  test(`${form}: ${rows.length} statements`, () => {
    const on = enableForms([{ name: form }]);
    for (const row of rows) {
      const values = row.slice(0, -1);
      const raw = values.flatMap((value, index) =>
        value === undefined ? [] : [headers[index] ?? '', value],
      );
      const { certificate } = readCertificateHeaders(raw, on, true);
      assert.equal(
        detail(certificate),
        row.at(-1),
        JSON.stringify(values.map((value) => value?.slice(0, 60))),
      );
    }
  });
}

const TWO = ['X-SSL-Client-Cert', 'X-SSL-Client-Verify'];

words('nginx', TWO, [
  [NO, NO, 'none'],
  [NO, 'NONE', 'none'],
  ['', 'NONE', 'none'],
  [NO, 'SUCCESS', 'withheld'],
  [NO, 'FAILED:certificate has expired', 'not_verified'],
  [NO, 'GENEROUS', 'not_verified'],
  [escaped, 'SUCCESS', 'verified'],
  [escaped, 'SUCCESS ', 'verified'],
  [escaped, 'FAILED:self-signed certificate', 'failed'],
  [escaped, 'success', 'failed'],
  [escaped, 'GENEROUS', 'failed'],
  [escaped, 'NONE', 'failed'],
  [escaped, '', 'failed'],
  [escaped, NO, 'failed'],
]);

words('apache', TWO, [
  ['(null)', 'NONE', 'none'],
  ['(null)', '(null)', 'none'],
  ['(null)', 'SUCCESS', 'withheld'],
  ['(null)', 'GENEROUS', 'withheld'],
  [oneLine, 'GENEROUS', 'not_checked'],
  [oneLine, 'SUCCESS', 'verified'],
  [oneLine, '(null)', 'failed'],
]);

words(
  'haproxy',
  [...TWO, 'X-SSL-Client-Used', 'X-SSL-Client-SHA256', 'X-SSL-Client-Chain-Der'],
  [
    ['', '0', 'none'],
    ['', '0', '0', 'none'],
    ['', '0', '1', 'withheld'],
    ['', '10', 'not_verified'],
    [base64, '0', 'verified'],
    [base64, '0', '1', 'verified'],
    [base64, '0', '0', 'failed'],
    [base64, '00', 'failed'],
    [base64, '18', 'failed'],
    [base64, NO, 'failed'],
    [base64, '0', '1', '0'.repeat(64), 'hash_mismatch'],
    [base64, '0', '1', 'abc', 'hash_mismatch'],
    [NO, '0', '1', NO, base64, 'chain_without_leaf'],
  ],
);

words('haproxy_pem', TWO, [
  [EMPTY_MARKERS, '0', 'none'],
  [EMPTY_MARKERS, '10', 'not_verified'],
  [`-----BEGIN CERTIFICATE----- ${base64} -----END CERTIFICATE-----`, '0', 'verified'],
]);

words('lighttpd', TWO, [
  [NO, 'NONE', 'none'],
  [NO, 'FAILED:error:0000000A:lib(0)::reason(10)', 'not_verified'],
]);

words(
  'caddy',
  ['X-SSL-Client-Cert'],
  [
    [PLACEHOLDER, 'none'],
    ['', 'none'],
    [base64, 'not_checked'],
  ],
);

words(
  'squid',
  ['X-SSL-Client-S-DN'],
  [
    ['-', 'none'],
    ['/C=NL/CN=meter', 'name'],
  ],
);

words(
  'rfc9440',
  ['Client-Cert', 'Client-Cert-Chain'],
  [
    [`:${PLACEHOLDER}:`, 'none'],
    ['::', 'malformed_der'],
    [sequence, 'not_checked'],
    [`${sequence}; a=1;b="x;y";c`, 'not_checked'],
    [`${sequence}; A=1`, 'structured_field_syntax'],
    [sequence, `${sequence},`, 'structured_field_syntax'],
    [NO, sequence, 'chain_without_leaf'],
  ],
);

words(
  'xfcc',
  ['X-Forwarded-Client-Cert'],
  [
    ['', 'none'],
    [base64, 'xfcc_syntax'],
    ['Hash=aa', 'xfcc_syntax'],
    [`Hash=${'a'.repeat(64)}`, 'name'],
    [`Chain="${escaped}"`, 'not_checked'],
    [`Cert="${escaped}";Hash=${'a'.repeat(64)}`, 'hash_mismatch'],
  ],
);

words('aws_alb_verify', ['X-Amzn-Mtls-Clientcert-Leaf'], [[escaped, 'verified']]);
words('aws_alb_passthrough', ['X-Amzn-Mtls-Clientcert'], [[escaped, 'not_checked']]);

words(
  'gcp',
  ['X-Client-Cert-Leaf', 'X-Client-Cert-Present', 'X-Client-Cert-Chain-Verified'],
  [
    ['', 'false', 'false', 'none'],
    ['', 'true', 'true', 'withheld'],
    ['', 'true', 'false', 'not_verified'],
    [sequence, 'true', 'true', 'verified'],
    [sequence, 'true', 'false', 'failed'],
    [sequence, 'false', 'false', 'failed'],
    [sequence, 'yes', 'true', 'failed'],
    [sequence, NO, 'true', 'failed'],
  ],
);

const CLOUDFLARE = ['Cf-Client-Cert-Der-Base64', 'Cf-Cert-Presented', 'Cf-Cert-Verified', 'Cf-Cert-Revoked'];

words('cloudflare', CLOUDFLARE, [
  [NO, 'false', 'false', 'false', 'none'],
  [NO, 'true', NO, NO, 'withheld'],
  [base64, NO, NO, NO, 'not_checked'],
  [base64, 'true', 'true', 'false', 'verified'],
  [base64, 'true', 'true', 'true', 'failed'],
  [base64, 'true', 'true', NO, 'failed'],
  [base64, 'true', 'false', 'false', 'failed'],
  [base64, 'false', 'true', 'false', 'failed'],
]);

words(
  'cloudflare_rfc9440',
  ['Client-Cert', 'Cf-Cert-Verified', 'Cf-Cert-Revoked'],
  [
    [sequence, 'true', 'false', 'verified'],
    ['', NO, NO, 'none'],
  ],
);

words(
  'kong',
  ['X-Client-Cert', 'X-Client-Cert-Fingerprint'],
  [
    [escaped, 'not_checked'],
    [escaped, '0'.repeat(40), 'hash_mismatch'],
  ],
);
words('f5', ['X-Client-Cert'], [[oneLine, 'not_checked']]);
words('cloud_foundry', ['X-Forwarded-Client-Cert'], [[base64, 'not_checked']]);
