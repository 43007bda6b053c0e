import { CONNACK_ACCEPTED, type Decision, deny, type Step } from '../../model/decision.ts';
import type { MaybePromise } from '../../model/maybe-promise.ts';
import type { ConnectAttempt } from '../../model/question.ts';
import { basicChain } from './basic.ts';
import { certificate } from './certificate/certificate.ts';
import { handshake } from './certificate/certificate-handshake.ts';
import { certificateOnly } from './certificate/certificate-only.ts';
import type { ResolveContext, ResolveStep } from './resolve-step.ts';

/** What listeners are for comes first; then the order is ThingsBoard's: a provisioning session before the certificate, and no way back from a certificate. */
const STEPS: readonly ResolveStep[] = [certificateOnly, handshake, provisionSession, certificate, basicChain];

/**
 * Decides a connect attempt as ThingsBoard does (`thingsboard.md` section 1).
 * @throws whatever the store throws: not being able to ask is not a denial.
 */
export function resolve(attempt: ConnectAttempt, context: ResolveContext): MaybePromise<Decision> {
  return resolveFrom(0, attempt, context, []);
}

function resolveFrom(
  first: number,
  attempt: ConnectAttempt,
  context: ResolveContext,
  steps: Step[],
): MaybePromise<Decision> {
  for (let index = first; index < STEPS.length; index++) {
    const decision = (STEPS[index] as ResolveStep)(attempt, context, steps);
    if (decision instanceof Promise) {
      return decision.then((detail) => detail ?? resolveFrom(index + 1, attempt, context, steps));
    }
    if (decision !== undefined) return decision;
  }
  throw new Error('the last step decides');
}

export const PROVISION = 'provision';

/** User name or client id exactly `provision`: a session that anyone may open, for the two provisioning topics only. */
function provisionSession(
  attempt: ConnectAttempt,
  context: ResolveContext,
  steps: Step[],
): Decision | undefined {
  if (attempt.username !== PROVISION && attempt.clientId !== PROVISION) return undefined;
  if (!context.provisionSessions || context.certificateOnly?.(attempt.listener)) {
    steps.push({
      step: 'provision_session',
      detail: 'asked for, but disabled for this broker or listener',
    });
    return deny('provision_session_not_allowed', steps);
  }
  steps.push({ step: 'provision_session', detail: 'granted' });
  return { outcome: 'allow', role: 'provisioning_session', connack: CONNACK_ACCEPTED, steps };
}
