import {
  CONNACK_NOT_AUTHORIZED,
  type Decision,
  type DenyReason,
  deny,
  type Step,
} from '../../../model/decision.ts';
import { chain, type MaybePromise } from '../../../model/maybe-promise.ts';
import type { PeerCertificate, PresentedCertificate } from '../../../model/peer-certificate.ts';
import type { ConnectAttempt } from '../../../model/question.ts';
import type { Match } from '../admit.ts';
import type { CredentialsRecord } from '../credentials-record.ts';
import type { ResolveContext } from '../resolve-step.ts';
import { byName } from './certificate-by-name.ts';
import { walkChain } from './certificate-chain.ts';
import { type CertificateFacts, type HashedChain, hashedChain, readableFacts } from './certificate-facts.ts';
import { planProvisioning } from './certificate-provisioning.ts';
import { admitTrusted } from './certificate-trust.ts';

/**
 * A certificate decides alone: client id, user name and password are not looked at, and a certificate that is unknown,
 * expired, unreadable or not verified never falls back to them (`thingsboard.md` section 1, step 2).
 */
export function certificate(
  attempt: ConnectAttempt,
  context: ResolveContext,
  steps: Step[],
): MaybePromise<Decision> | undefined {
  const presented = attempt.certificate;
  if (presented.kind === 'none') return undefined;
  const believed = context.uncheckedCertificateForms?.has(presented.form) ?? false;
  const reason = verificationDenial(presented, believed);
  if (reason !== undefined) return refuse(reason, detailOf(presented), steps);
  switch (presented.kind) {
    case 'unreadable':
      return refuse('certificate_unreadable', presented.detail, steps);
    case 'name':
      return byName(presented, attempt, context, steps);
    case 'certificate':
      return byCertificate(presented, context, steps);
  }
}

function detailOf(presented: Exclude<ConnectAttempt['certificate'], { kind: 'none' }>): string {
  switch (presented.kind) {
    case 'unreadable':
      return presented.detail;
    case 'certificate':
      return presented.verificationDetail ?? `${presented.form}, ${presented.verification}`;
    case 'name':
      return presented.form;
  }
}

/**
 * By the hash first: a known leaf costs one lookup and its dates, which are remembered. Only a leaf that is not known has its
 * chain walked. That the chain holds was found out before (`certificate-handshake.ts`).
 */
function byCertificate(
  presented: PeerCertificate,
  context: ResolveContext,
  steps: Step[],
): MaybePromise<Decision> {
  steps.push({ step: 'certificate', detail: `came as ${presented.form}, ${presented.verification}` });
  // ThingsBoard stores an empty X.509 text under the hash of nothing, which an empty certificate would find.
  if (presented.der.length === 0) return refuse('certificate_unreadable', 'empty', steps);
  const hashed = hashedChain(presented);
  const [id] = hashed.ids;
  // Alone: what leads to a device must not speak for a leaf that could not be asked for.
  return chain(context.store.findByCredentialsIds([id]), (found) =>
    byLeaf(found.get(id), hashed, context, steps),
  );
}

function byLeaf(
  record: CredentialsRecord | undefined,
  hashed: HashedChain,
  context: ResolveContext,
  steps: Step[],
): MaybePromise<Decision> {
  const facts = readableFacts(hashed, 0);
  if (facts === undefined) return refuse('certificate_unreadable', 'malformed', steps);
  const outside = context.skipCertificateDates ? undefined : outsideDates(facts, context.now());
  if (outside !== undefined) return refuse(outside, outside, steps);

  if (record?.credentialsType === 'X509_CERTIFICATE') {
    steps.push({ step: 'by_certificate', detail: 'known' });
    return admitBy(record, facts, hashed, context, steps);
  }
  steps.push({
    step: 'by_certificate',
    detail: record === undefined ? 'none' : `of type ${record.credentialsType}`,
  });
  return byChain(hashed, facts, context, steps);
}

/** The leaf is not known itself: what leads it to a profile may let it in (section 4.3). */
async function byChain(
  hashed: HashedChain,
  facts: CertificateFacts,
  context: ResolveContext,
  steps: Step[],
): Promise<Decision> {
  const outdated = outdatedIssuer(hashed, context);
  if (outdated !== undefined) return refuse('certificate_chain_broken', outdated, steps, 'by_chain');
  const { provisioning } = context;
  const { ders, ids } = hashed;
  const issuers = ids.slice(1);
  const found = issuers.length === 0 ? NOTHING : await context.store.findByCredentialsIds(issuers);
  const end = await walkChain(ids, found, provisioning);
  if (end === undefined || provisioning === undefined) {
    return refuse('certificate_unknown', 'no certificate of the chain is known', steps, 'by_chain');
  }
  if ('record' in end) {
    return refuse('certificate_unknown', `certificate ${end.at} is a device’s own`, steps, 'by_chain');
  }
  steps.push({ step: 'by_chain', detail: `certificate ${end.at} is that of profile ${end.profile.name}` });
  const plan = await planProvisioning(ders[0], ids[0], end.profile, provisioning);
  if (plan.kind === 'refused')
    return refuse('certificate_provisioning_failed', plan.why, steps, 'provisioning');
  // A client that would be refused afterwards is refused before anything is written.
  const decision = await admitBy(plan.record, facts, hashed, context, steps);
  if (decision.outcome !== 'allow') return decision;
  if (end.profile.readOnly && plan.kind !== 'present') {
    return refuse('thingsboard_read_only', `not done: ${plan.kind}`, steps, 'provisioning');
  }
  if (!(await plan.carryOut())) {
    const why = 'the device’s name or the certificate is in use already';
    return refuse('certificate_provisioning_failed', why, steps, 'provisioning');
  }
  steps.push({ step: 'provisioning', detail: plan.kind });
  return decision;
}

const NOTHING: ReadonlyMap<string, CredentialsRecord> = new Map();

function admitBy(
  record: CredentialsRecord,
  { notAfter, commonName }: CertificateFacts,
  hashed: HashedChain,
  context: ResolveContext,
  steps: Step[],
): MaybePromise<Decision> {
  const match: Match = {
    record,
    refusal: CONNACK_NOT_AUTHORIZED,
    commonName,
    // A session outlives the certificate only where dates are not looked at.
    secretNotAfter: context.skipCertificateDates ? undefined : notAfter,
  };
  return admitTrusted(match, hashed, context, steps);
}

/** The dates of authorities count where the chain is to lead somewhere: a leaf that is known needs none of them. */
function outdatedIssuer(hashed: HashedChain, context: ResolveContext): string | undefined {
  if (context.skipCertificateDates) return undefined;
  const at = hashed.ids.findIndex((_id, index) => {
    const facts = index === 0 ? undefined : readableFacts(hashed, index);
    return facts !== undefined && outsideDates(facts, context.now()) !== undefined;
  });
  return at === -1 ? undefined : `certificate ${at} of the chain is outside its dates`;
}

/** Java's `checkValidity`: both bounds are still within. */
function outsideDates({ notBefore, notAfter }: CertificateFacts, now: number): DenyReason | undefined {
  if (notBefore > now) return 'certificate_not_yet_valid';
  return notAfter < now ? 'certificate_expired' : undefined;
}

function refuse(reason: DenyReason, detail: string, steps: Step[], step = 'certificate'): Decision {
  steps.push({ step, detail });
  // No failed login: ThingsBoard would have let it in.
  return deny(reason, steps, CONNACK_NOT_AUTHORIZED, reason !== 'thingsboard_read_only');
}

/**
 * Decides whether a presented certificate may be used to look up a device, from the TLS endpoint's verification.
 * @param acceptUnchecked the operator accepts certificates that the endpoint did not verify.
 * @returns the denial, or `undefined` if the certificate may be used. "Failed" and "unreadable" are denied whatever
 *   is configured. A name without a certificate has separate rules, and the listener decides about clients without
 *   a certificate.
 * @internal
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
