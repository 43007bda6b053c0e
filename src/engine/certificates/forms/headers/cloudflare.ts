import { decodeDerBase64 } from '../../text/decode.ts';
import { readVerification, trueOrFalse, type Verification } from '../../verification.ts';
import {
  type FormRequest,
  type HeaderForm,
  lineOf,
  textOf,
  withCertificate,
  withoutCertificate,
} from '../form.ts';
import { readByteSequences } from './rfc9440.ts';

const MANAGED_TRANSFORM = {
  verification: 'cf-cert-verified',
  presented: 'cf-cert-presented',
  revoked: 'cf-cert-revoked',
} as const;

/**
 * Cloudflare's `Cf-Client-Cert-Der-Base64` (`forwarded-certificates.md` section 4.8). Cloudflare sends it also for
 * invalid certificates, so the headers of the managed transform "Add TLS client auth headers" decide. A request may
 * lack the certificate; if it says "presented" then, that does not count as absence.
 */
export const cloudflare: HeaderForm = {
  name: 'cloudflare',
  headers: {
    certificate: 'cf-client-cert-der-base64',
    digest: 'cf-client-cert-sha256',
    ...MANAGED_TRANSFORM,
  },
  read: (request) => {
    const text = textOf(request, 'certificate');
    const verification = verificationOf(request);
    if (text === undefined) return withoutCertificate(request.form, verification);
    return withCertificate(request, [decodeDerBase64(text)], verification);
  },
};

/**
 * `cf.tls_client_auth.cert_rfc9440` and `cert_chain_rfc9440` in a transform rule, as unverified as the other form.
 */
export const cloudflareRfc9440: HeaderForm = {
  name: 'cloudflare_rfc9440',
  headers: { certificate: 'client-cert', chain: 'client-cert-chain', ...MANAGED_TRANSFORM },
  read: (request) => readByteSequences(request, verificationOf(request)),
};

/**
 * Verified only if the request says both "verified" and "not revoked". A certificate without any of these headers
 * counts as not checked.
 */
function verificationOf(request: FormRequest): Verification {
  if (lineOf(request, 'presented') === 'false') return { result: 'none' };
  const verification = readVerification(lineOf(request, 'verification'), trueOrFalse);
  const revoked = lineOf(request, 'revoked') ?? '';
  if (revoked === 'true') return { result: 'failed', detail: 'revoked' };
  if (verification.result === 'verified' && revoked !== 'false') {
    return { result: 'failed', detail: 'nothing says that it is not revoked' };
  }
  if (verification.result !== 'silent') return verification;
  const certificate = request.headers.certificate;
  const came =
    certificate !== undefined && request.view.lines(certificate).some((line) => line.trim() !== '');
  return came || lineOf(request, 'presented') === 'true' ? { result: 'not_checked' } : verification;
}
