import type { DenyReason } from '../../model/decision.ts';
import type { PresentedCertificate } from '../../model/peer-certificate.ts';

/**
 * Decides whether a presented certificate may be used to look up a device, from the TLS endpoint's verification.
 * @param acceptUnchecked the operator accepts certificates that the endpoint did not verify.
 * @returns the denial, or `undefined` if the certificate may be used. "Failed" and "unreadable" are denied whatever
 *   is configured. A name without a certificate has separate rules, and the listener decides about clients without
 *   a certificate.
 */
export function verificationDenial(
  presented: PresentedCertificate,
  acceptUnchecked: boolean,
): Extract<DenyReason, `certificate_${string}`> | undefined {
  if (presented.kind === 'unreadable') {
    return presented.verification === 'failed' ? 'certificate_verification_failed' : 'certificate_unreadable';
  }
  if (presented.kind !== 'certificate') return undefined;
  if (presented.verification === 'failed') return 'certificate_verification_failed';
  return presented.verification === 'not_checked' && !acceptUnchecked ? 'certificate_not_checked' : undefined;
}
