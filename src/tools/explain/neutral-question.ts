import { ignoredCertificate } from '../../brokers/ignored-certificates.ts';
import { decodePem } from '../../engine/certificates/text/decode.ts';
import type { DeciderSettings } from '../../engine/deciding/decider.ts';
import { isThingPassError, ThingPassError } from '../../model/errors.ts';
import { NO_CERTIFICATE, type PresentedCertificate } from '../../model/peer-certificate.ts';
import type { Question } from '../../model/question.ts';
import type { NeutralQuestion } from '../../server/management/explanation.ts';

/** @throws {ThingPassError} `request_invalid` for a topic without an action, and for a certificate that cannot be read. */
export function questionOf(asked: NeutralQuestion, settings: DeciderSettings): Question {
  const { broker, clientId = '', username, password, listener, address, topic, action } = asked;
  if ((topic === undefined) !== (action === undefined))
    throw new ThingPassError('request_invalid', 'a topic needs an action, and an action a topic');
  const { certificate, ignoredCertificates } = certificateOf(asked, settings);
  const client = { broker, clientId, username, password, listener, peerAddress: address, certificate };
  if (topic === undefined || action === undefined)
    return { kind: 'connect', attempt: { ...client, ignoredCertificates } };
  return { kind: 'topic', accesses: [{ ...client, action, topic }] };
}

/** A certificate comes in the first form that is switched on for the broker; in none, it is not read. */
function certificateOf(
  { certificate: pem, verification }: NeutralQuestion,
  { certificateForms }: DeciderSettings,
): { certificate: PresentedCertificate; ignoredCertificates?: readonly string[] } {
  if (pem === undefined) return { certificate: NO_CERTIFICATE };
  const [der, ...chain] = certificatesIn(pem);
  const [form] = certificateForms;
  if (form === undefined || der === undefined) {
    return {
      certificate: NO_CERTIFICATE,
      ignoredCertificates: [ignoredCertificate('certificate', 'any form: none is switched on')],
    };
  }
  const detail = verification ?? (SAYS_NOTHING.test(form) ? 'not_checked' : 'verified');
  return { certificate: { kind: 'certificate', form, der, chain, verification: detail } };
}

/** Forms that never say whether the TLS endpoint verified (`certificates/forwarded-certificates.md` section 3). */
const SAYS_NOTHING = /^(emqx_|caddy|traefik|xfcc)/;

function certificatesIn(pem: string): readonly Buffer[] {
  try {
    return decodePem(pem, 'lines');
  } catch (error) {
    if (!isThingPassError(error, 'certificate_unreadable')) throw error;
    throw new ThingPassError('request_invalid', `the certificate cannot be read: ${error.message}`);
  }
}
