import { certificateUnreadable } from '../../../../model/errors.ts';
import type { PresentedCertificate } from '../../../../model/peer-certificate.ts';
import { decodeDer, MAX_CERTIFICATES, MAX_CHAIN_TEXT } from '../../text/decode.ts';
import { parseByteSequence, parseByteSequences } from '../../text/structured-field.ts';
import { SILENT, VERIFICATION_WORDS, type Verification } from '../../verification.ts';
import {
  type FormRequest,
  type HeaderForm,
  readVerificationHeader,
  textOf,
  withCertificate,
  withoutCertificate,
} from '../form.ts';

/**
 * `Client-Cert` and `Client-Cert-Chain` of RFC 9440 (`forwarded-certificates.md` section 4.1): a Byte Sequence, and
 * a List of Byte Sequences without the leaf, in the order of the TLS message and possibly on several lines.
 *
 * The RFC leaves unverified certificates to the proxy's policy. A verification header is read if the operator names
 * one together with its vocabulary (nginx's and HAProxy's templates for this form have one).
 */
export const rfc9440: HeaderForm = {
  name: 'rfc9440',
  headers: { certificate: 'client-cert', chain: 'client-cert-chain' },
  read: (request) => {
    const words = VERIFICATION_WORDS[request.settings.verificationWords ?? 'tokens'];
    return readByteSequences(request, readVerificationHeader(request, words));
  },
};

/** Reads the two fields under the configured names: Google's and Cloudflare's load balancers use the encoding too. */
export function readByteSequences(request: FormRequest, verification: Verification): PresentedCertificate {
  const leaf = textOf(request, 'certificate');
  const chain =
    request.headers.chain === undefined ? [] : readChain(request.view.lines(request.headers.chain));
  if (leaf !== undefined) {
    return withCertificate(request, [decodeDer(parseByteSequence(leaf)), ...chain], verification);
  }
  // The chain field must not appear alone (RFC 9440 section 2.3).
  if (chain.length > 0) throw certificateUnreadable('chain_without_leaf');
  const noVerificationHeader =
    request.headers.verification === undefined && request.headers.presented === undefined;
  return withoutCertificate(
    request.form,
    noVerificationHeader ? SILENT : verificationWithoutCertificate(request, verification),
  );
}

/** HAProxy writes 0 also if no certificate was presented (section 4.4). */
function verificationWithoutCertificate(request: FormRequest, verification: Verification): Verification {
  const codes = request.settings.verificationWords === 'opensslCode';
  return codes && verification.result === 'verified' ? { result: 'none' } : verification;
}

/** The limit applies to all lines together. */
function readChain(lines: readonly string[]): Buffer[] {
  if (lines.reduce((length, line) => length + line.length, 0) > MAX_CHAIN_TEXT) {
    throw certificateUnreadable('too_large');
  }
  const certificates = parseByteSequences(lines);
  if (certificates.length > MAX_CERTIFICATES) throw certificateUnreadable('too_many_certificates');
  return certificates.map(decodeDer);
}
