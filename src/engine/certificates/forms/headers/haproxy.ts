import { certificateUnreadable } from '../../../../model/errors.ts';
import {
  decodeBase64,
  decodeConcatenatedDer,
  decodeDerBase64,
  decodePem,
  MAX_CHAIN_TEXT,
  onlyOne,
} from '../../text/decode.ts';
import { opensslCode, type Verification } from '../../verification.ts';
import {
  type FormRequest,
  type HeaderForm,
  lineOf,
  readVerificationHeader,
  textOf,
  withCertificate,
  withoutCertificate,
} from '../form.ts';

const HEADERS = {
  certificate: 'x-ssl-client-cert',
  chain: 'x-ssl-client-chain-der',
  verification: 'x-ssl-client-verify',
  presented: 'x-ssl-client-used',
  digest: 'x-ssl-client-sha256',
} as const;

/**
 * HAProxy (`forwarded-certificates.md` section 4.4): the certificate is `%[ssl_c_der,base64]`, or the same between
 * PEM markers. The chain is `%[ssl_c_chain_der,base64]`, concatenated DER without the leaf. The verification is
 * `%[ssl_c_verify]` and, if forwarded, `%[ssl_c_used]`.
 */
export const haproxy: HeaderForm = {
  name: 'haproxy',
  headers: HEADERS,
  read: (request) => readHaproxy(request, decodeDerBase64),
};

/** `-----BEGIN CERTIFICATE----- %[ssl_c_der,base64] -----END CERTIFICATE-----`. */
export const haproxyPem: HeaderForm = {
  name: 'haproxy_pem',
  headers: HEADERS,
  read: (request) => readHaproxy(request, (text) => onlyOne(decodePem(text, 'blanks'))),
};

function readHaproxy(request: FormRequest, decode: (text: string) => Buffer) {
  const text = textOf(request, 'certificate');
  const chain = textOf(request, 'chain', MAX_CHAIN_TEXT);
  const others = chain === undefined ? [] : decodeConcatenatedDer(decodeBase64(chain));
  const verification = readVerificationHeader(request, opensslCode);
  if (text !== undefined) {
    return withCertificate(
      request,
      [decode(text), ...others],
      verificationOfCertificate(request, verification),
    );
  }
  if (others.length > 0) throw certificateUnreadable('chain_without_leaf');
  return withoutCertificate(request.form, verificationWithoutCertificate(request, verification));
}

/** `ssl_c_verify` is 0 also if no certificate was presented; only `ssl_c_used` shows that one was. */
function verificationWithoutCertificate(request: FormRequest, verification: Verification): Verification {
  if (verification.result !== 'verified' && verification.result !== 'not_checked') return verification;
  return lineOf(request, 'presented') === '1' ? verification : { result: 'none' };
}

function verificationOfCertificate(request: FormRequest, verification: Verification): Verification {
  return lineOf(request, 'presented') === '0' ? { result: 'none' } : verification;
}
