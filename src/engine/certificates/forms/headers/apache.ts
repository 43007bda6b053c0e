import { certificateUnreadable } from '../../../../model/errors.ts';
import { isAbsent } from '../../text/absence.ts';
import {
  decodeBase64,
  decodePem,
  MAX_CERTIFICATE_TEXT,
  MAX_CERTIFICATES,
  onlyOne,
} from '../../text/decode.ts';
import { apacheTokens } from '../../verification.ts';
import {
  type FormRequest,
  type HeaderForm,
  readVerificationHeader,
  simpleForm,
  textOf,
  withCertificate,
  withoutCertificate,
} from '../form.ts';
import { escapedPem } from './nginx.ts';

const CERTIFICATE = 'x-ssl-client-cert';
const VERIFICATION = 'x-ssl-client-verify';

/**
 * Apache's `%{SSL_CLIENT_CERT}s` or `…e`: PEM with a blank for each line end, `(null)` without a certificate
 * (`forwarded-certificates.md` section 4.5). The chain is `%{SSL_CLIENT_CERT_CHAIN_n}s`, without the leaf, in
 * headers named by the prefix and the number n, from 0.
 */
export const apache: HeaderForm = {
  name: 'apache',
  headers: { certificate: CERTIFICATE, chain: `${CERTIFICATE}-chain-`, verification: VERIFICATION },
  read: (request) => {
    const text = textOf(request, 'certificate');
    const chain = readNumbered(request);
    const verification = readVerificationHeader(request, apacheTokens);
    if (text !== undefined) return withCertificate(request, [oneLinePem(text), ...chain], verification);
    if (chain.length > 0) throw certificateUnreadable('chain_without_leaf');
    return withoutCertificate(request.form, verification);
  },
};

/** `expr=%{escape:%{SSL_CLIENT_CERT}}`: `+`, `/` and `=` stay as they are. */
export const apacheEscaped: HeaderForm = simpleForm(
  'apache_escaped',
  { certificate: CERTIFICATE, verification: VERIFICATION },
  escapedPem,
  apacheTokens,
);

/** `expr=%{base64:%{SSL_CLIENT_CERT}}`: Base64 of the whole PEM text. */
export const apacheBase64: HeaderForm = simpleForm(
  'apache_base64',
  { certificate: CERTIFICATE, verification: VERIFICATION },
  (text) => onlyOne(decodePem(decodeBase64(text).toString('latin1'), 'lines')),
  apacheTokens,
);

function oneLinePem(text: string): Buffer {
  return onlyOne(decodePem(text, 'blanks'));
}

/**
 * Reads up to the first missing header: Apache is configured with a fixed number and writes `(null)` for the rest.
 */
function readNumbered(request: FormRequest): Buffer[] {
  const certificates: Buffer[] = [];
  const prefix = request.headers.chain;
  if (prefix === undefined) return certificates;
  for (let number = 0; ; number++) {
    const text = request.view.only(`${prefix}${number}`, MAX_CERTIFICATE_TEXT);
    if (text === undefined || isAbsent(text)) return certificates;
    if (number === MAX_CERTIFICATES) throw certificateUnreadable('too_many_certificates');
    certificates.push(oneLinePem(text));
  }
}
