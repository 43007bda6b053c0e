import { type Deny, deny } from '../model/decision.ts';
import type { CertificateForm, CertificateName } from '../model/peer-certificate.ts';
import type { BrokerSettings } from './dialect.ts';

/** The two forms of a broker that puts a certificate's name, and nothing else, into the place of the user name. */
export interface NameInUsernameForms {
  readonly commonName: CertificateForm;
  readonly subject: CertificateForm;
}

/**
 * The user name as a certificate's name. Nothing in the text tells which name it is, and a common name may be made to look like
 * a subject: so the operator says it, and one of the two only.
 * @returns `undefined` where neither form is switched on.
 */
export function nameInUsername(
  username: string,
  { commonName, subject }: NameInUsernameForms,
  { certificateForms }: BrokerSettings,
): CertificateName | Deny | undefined {
  const isSubject = certificateForms.has(subject);
  if (!certificateForms.has(commonName)) {
    return isSubject ? { kind: 'name', form: subject, subject: username } : undefined;
  }
  if (!isSubject) return { kind: 'name', form: commonName, commonName: username };
  const detail = `${commonName} and ${subject} are both switched on`;
  return deny('certificate_name_ambiguous', [{ step: 'read_request', detail }]);
}
