import {
  CONNACK_NOT_AUTHORIZED,
  type Decision,
  type DenyReason,
  deny,
  type Step,
} from '../../../model/decision.ts';
import type { CertificateName } from '../../../model/peer-certificate.ts';
import type { ConnectAttempt } from '../../../model/question.ts';
import { identifyingCommonName } from '../../certificates/certificate-name.ts';
import type { CredentialsRecord } from '../credentials-record.ts';
import type { ResolveContext } from '../resolve-step.ts';
import type { RecordedName } from './certificate-names.ts';
import { admitTrusted } from './certificate-trust.ts';

/**
 * A name is weak (src/README.md, "Trust"): it identifies only where enabled, only from a listener that is declared to admit
 * nobody without a verified certificate, and only where exactly one device goes with it. As with a certificate, there is no
 * way back to token or password.
 */
export function byName(
  presented: CertificateName,
  attempt: ConnectAttempt,
  context: ResolveContext,
  steps: Step[],
): Decision | Promise<Decision> {
  const { certificateNames: use = 'off', names } = context;
  if (use === 'off' || names === undefined) {
    return refuse('certificate_name_not_enabled', `a name in the form ${presented.form}`, steps);
  }
  if (!context.certificateOnly?.(attempt.listener)) {
    const detail = 'a name, from a listener that is not declared to admit verified certificates only';
    return refuse('certificate_name_not_enabled', detail, steps);
  }
  const { digest } = presented;
  if (digest !== undefined && use === 'credential') {
    steps.push({ step: 'certificate_name', detail: `a digest, in the form ${presented.form}` });
    const asked: RecordedName = { by: digest.algorithm, value: digest.hex };
    return find(() => names.findByCertificate(asked), undefined, context, steps);
  }
  if (context.nameSource === undefined) {
    return refuse('certificate_name_ambiguous', `how ${attempt.broker} writes names is not known`, steps);
  }
  const verdict = identifyingCommonName(presented, context.nameSource);
  if (!verdict.found) return refuse('certificate_name_ambiguous', verdict.reason, steps);
  const { commonName } = verdict;
  steps.push({ step: 'certificate_name', detail: `one common name, in the form ${presented.form}` });
  const asked = (): Promise<readonly CredentialsRecord[]> =>
    use === 'credential'
      ? names.findByCertificate({ by: 'name', value: commonName })
      : names.findByDeviceName(commonName);
  return find(asked, commonName, context, steps);
}

async function find(
  ask: () => Promise<readonly CredentialsRecord[]>,
  commonName: string | undefined,
  context: ResolveContext,
  steps: Step[],
): Promise<Decision> {
  const records = await ask();
  const devices = new Set(records.map(({ deviceId }) => deviceId));
  if (devices.size > 1)
    return refuse('certificate_name_ambiguous', `${devices.size} devices go with it`, steps);
  const record = best(records, context.now());
  if (record === undefined) return refuse('certificate_name_unknown', 'no device goes with it', steps);
  steps.push({ step: 'by_certificate_name', detail: 'known' });
  const match = { record, refusal: CONNACK_NOT_AUTHORIZED, commonName };
  return admitTrusted(match, undefined, context, steps);
}

/** During a rotation a device has several: one that is in force, a certificate before others. */
function best(records: readonly CredentialsRecord[], now: number): CredentialsRecord | undefined {
  const rank = ({ credentialsType, notBefore = now, notAfter = now + 1 }: CredentialsRecord): number =>
    (notBefore <= now && notAfter > now ? 2 : 0) + (credentialsType === 'X509_CERTIFICATE' ? 1 : 0);
  return [...records].sort((one, other) => rank(other) - rank(one))[0];
}

function refuse(reason: DenyReason, detail: string, steps: Step[]): Decision {
  steps.push({ step: 'certificate_name', detail });
  return deny(reason, steps, CONNACK_NOT_AUTHORIZED, true);
}
