import { CONNACK_NOT_AUTHORIZED, type Decision, deny, type Step } from '../../../model/decision.ts';
import type { ConnectAttempt } from '../../../model/question.ts';
import type { ResolveContext } from '../resolve-step.ts';

/**
 * On a listener that is declared to admit verified certificates only, the absence of one is a denial, whatever else was sent
 * (src/README.md, "Trust").
 */
export function certificateOnly(
  { listener, certificate, ignoredCertificates = [] }: ConnectAttempt,
  context: ResolveContext,
  steps: Step[],
): Decision | undefined {
  if (certificate.kind !== 'none' || !context.certificateOnly?.(listener)) return undefined;
  steps.push({ step: 'certificate_only', detail: 'the listener admits certificates only, and none came' });
  const reason = ignoredCertificates.length > 0 ? 'certificate_form_not_enabled' : 'certificate_required';
  return deny(reason, steps, CONNACK_NOT_AUTHORIZED, true);
}
