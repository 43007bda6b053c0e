import { CONNACK_NOT_AUTHORIZED, type Decision, deny, type Step } from '../../../model/decision.ts';
import type { ConnectAttempt } from '../../../model/question.ts';
import type { ResolveContext } from '../resolve-step.ts';
import { hashedChain, readableFacts, structureOf } from './certificate-facts.ts';

/**
 * A chain must hold by itself (src/README.md, "Trust"). ThingsBoard refuses one whose signatures do not follow from another during the
 * TLS handshake (`thingsboard.md` section 4.2), so before anything of the CONNECT is looked at, a provisioning session included.
 * The authorities' dates count later, where the chain is to lead somewhere.
 */
export function handshake(
  { certificate }: ConnectAttempt,
  _context: ResolveContext,
  steps: Step[],
): Decision | undefined {
  if (certificate.kind !== 'certificate' || certificate.chain.length === 0) return undefined;
  // Unverified and unreadable certificates have other reasons.
  if (certificate.verification === 'failed') return undefined;
  const hashed = hashedChain(certificate);
  if (readableFacts(hashed, 0) === undefined) return undefined;
  const verdict = structureOf(hashed);
  if (verdict.valid) return undefined;
  steps.push({ step: 'handshake', detail: verdict.reason });
  return deny('certificate_chain_broken', steps, CONNACK_NOT_AUTHORIZED, true);
}
