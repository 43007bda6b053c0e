import { X509Certificate } from 'node:crypto';
import type { PeerCertificate } from '../certificates/peer-certificate.ts';
import { CONNACK_NOT_AUTHORIZED, type Decision, type DenyReason, deny, type Step } from '../decision.ts';
import type { ConnectAttempt } from '../question.ts';
import { admit } from './admit.ts';
import { sha3 } from './hash.ts';
import type { ResolveContext } from './resolve.ts';

/** The credentials id of a certificate: of the Base64 of its DER, not of the DER itself (`thingsboard.md` section 4.1). */
export function certificateCredentialsId(der: Uint8Array): string {
  return sha3(Buffer.from(der.buffer, der.byteOffset, der.byteLength).toString('base64'));
}

/**
 * A certificate decides alone: client id, user name and password are not looked at, and a certificate that is unknown,
 * expired, unreadable or not verified never falls back to them (`thingsboard.md` section 1, step 2).
 */
export function certificate(
  attempt: ConnectAttempt,
  context: ResolveContext,
  steps: Step[],
): Decision | undefined | Promise<Decision> {
  const presented = attempt.certificate;
  switch (presented.kind) {
    case 'none':
      return undefined;
    case 'unreadable':
      return refuse('certificate_unreadable', presented.detail, steps);
    case 'name':
      return refuse('certificate_name_not_enabled', `a name in the form ${presented.form}`, steps);
    case 'certificate':
      if (presented.verification === 'failed') {
        return refuse(
          'certificate_verification_failed',
          presented.verificationDetail ?? presented.form,
          steps,
        );
      }
      return byLeaf(presented, context, steps);
  }
}

async function byLeaf(presented: PeerCertificate, context: ResolveContext, steps: Step[]): Promise<Decision> {
  steps.push({ step: 'certificate', said: `came as ${presented.form}, ${presented.verification}` });
  // ThingsBoard stores an empty X.509 text under the hash of nothing, which an empty certificate would find.
  if (presented.der.length === 0) return refuse('certificate_unreadable', 'empty', steps);
  if (!context.skipCertificateDates) {
    const outside = outsideDates(presented.der, context.now());
    if (outside !== undefined) return refuse(outside, outside, steps);
  }
  const id = certificateCredentialsId(presented.der);
  const record = (await context.store.findByCredentialsIds([id])).get(id);
  if (record?.credentialsType !== 'X509_CERTIFICATE') {
    const said = record === undefined ? 'none' : `of type ${record.credentialsType}`;
    return refuse('certificate_unknown', said, steps);
  }
  steps.push({ step: 'by_certificate', said: 'known' });
  return admit({ record, refusal: CONNACK_NOT_AUTHORIZED }, context.now(), steps, context.sessionOpenLimited);
}

/** Java's `checkValidity`: both bounds are still within. Dates that cannot be read are no dates to be within. */
function outsideDates(der: Uint8Array, now: number): DenyReason | undefined {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(der);
  } catch {
    return 'certificate_unreadable';
  }
  const notBefore = Date.parse(certificate.validFrom);
  const notAfter = Date.parse(certificate.validTo);
  if (Number.isNaN(notBefore) || Number.isNaN(notAfter)) return 'certificate_unreadable';
  if (notBefore > now) return 'certificate_not_yet_valid';
  return notAfter < now ? 'certificate_expired' : undefined;
}

function refuse(reason: DenyReason, said: string, steps: Step[]): Decision {
  steps.push({ step: 'certificate', said });
  return deny(reason, steps, CONNACK_NOT_AUTHORIZED, true);
}
