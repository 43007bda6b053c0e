import { printable, readVerification, trueOrFalse, type Verification } from '../../verification.ts';
import { type FormRequest, type HeaderForm, lineOf } from '../form.ts';
import { readByteSequences } from './rfc9440.ts';

/**
 * Google Cloud's Application Load Balancer (`forwarded-certificates.md` section 4.8): custom headers with
 * `client_cert_leaf` and `client_cert_chain` in RFC 9440's encoding, `client_cert_present`,
 * `client_cert_chain_verified` and `client_cert_sha256_fingerprint` (Base64). Leaf and chain are empty above a size
 * limit and after a failed validation, so "present" without them does not count as absence.
 */
export const gcp: HeaderForm = {
  name: 'gcp',
  headers: {
    certificate: 'x-client-cert-leaf',
    chain: 'x-client-cert-chain',
    verification: 'x-client-cert-chain-verified',
    presented: 'x-client-cert-present',
    digest: 'x-client-cert-hash',
  },
  read: (request) => readByteSequences(request, verificationOf(request)),
};

function verificationOf(request: FormRequest): Verification {
  const presented = lineOf(request, 'presented');
  const verification = readVerification(lineOf(request, 'verification'), trueOrFalse);
  if (presented === 'true')
    return verification.result === 'silent' ? { result: 'not_checked' } : verification;
  if (presented === 'false') return { result: 'none' };
  if (presented === undefined || presented === '') return { result: 'silent' };
  return { result: 'failed', detail: `present: ${printable(presented)}` };
}
