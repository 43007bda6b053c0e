import { CONNACK_NOT_AUTHORIZED, type Decision, deny, type Step } from '../../../model/decision.ts';
import { chain, type MaybePromise } from '../../../model/maybe-promise.ts';
import type { Finding } from '../../certificates/trust/trust.ts';
import { admit, type Match, refuseDenied } from '../admit.ts';
import type { ResolveContext } from '../resolve-step.ts';
import type { HashedChain } from './certificate-facts.ts';

/**
 * Admits a client by its certificate, once neither the deny list nor anything that is required speaks against it. Asked after the credentials were found,
 * so that the profile's policy is known, and before anything is written.
 * @param hashed `undefined` where only the certificate's name came.
 */
export function admitTrusted(
  match: Match,
  hashed: HashedChain | undefined,
  context: ResolveContext,
  steps: Step[],
): MaybePromise<Decision> {
  const { device, deviceId } = match.record;
  const denied = refuseDenied(
    hashed && context.denyList?.()?.deniesCertificates(hashed.ders, hashed.ids),
    steps,
  );
  if (denied !== undefined) return denied;
  const found = context.trust?.check(hashed, device?.profileId, deviceId) ?? NOTHING;
  return chain(found, (findings) => conclude(findings, match, context, steps));
}

const NOTHING: readonly Finding[] = [];

function conclude(
  findings: readonly Finding[],
  match: Match,
  context: ResolveContext,
  steps: Step[],
): Decision {
  for (const { rule, reason, detail, refuses } of findings) {
    steps.push({ step: `certificate_${rule}`, detail: refuses ? detail : `warning: ${detail}` });
    if (refuses) return deny(reason, steps, CONNACK_NOT_AUTHORIZED, true);
  }
  return admit(match, context, steps);
}
