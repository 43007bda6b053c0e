import type { DenyReason } from '../../model/decision.ts';
import type { PresentedCertificate } from './peer-certificate.ts';

/**
 * Why a presented certificate is not believed, before anybody is looked up by it; `undefined` where it may be.
 *
 * "Failed" and "unreadable" are refusals whatever is configured; "not checked" is believed only by explicit choice (design,
 * "Trust"). A name alone has rules of its own, and no certificate at all is for the listener to judge.
 */
export function verificationDenial(
  presented: PresentedCertificate,
  believeUnchecked: boolean,
): Extract<DenyReason, `certificate_${string}`> | undefined {
  if (presented.kind === 'unreadable') {
    return presented.verification === 'failed' ? 'certificate_verification_failed' : 'certificate_unreadable';
  }
  if (presented.kind !== 'certificate') return undefined;
  if (presented.verification === 'failed') return 'certificate_verification_failed';
  return presented.verification === 'not_checked' && !believeUnchecked
    ? 'certificate_not_checked'
    : undefined;
}
