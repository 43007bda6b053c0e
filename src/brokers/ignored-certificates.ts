import type { CertificateForm } from '../model/peer-certificate.ts';
import type { Fields } from './fields.ts';

/** The names under which a broker may send a certificate, or a name of it, and the form in which it would be read. */
export interface CertificateField {
  readonly names: readonly string[];
  readonly form: CertificateForm;
}

/**
 * What stands where a certificate would, while its form is not enabled: it decides nothing, and an operator who looks for it must find
 * it (src/README.md, "Explain"). Repetitions are no matter here, since nobody reads them.
 * @param isAbsent texts, besides the empty one, by which the broker says that there is none.
 */
export function ignoredFields(
  fields: Fields,
  candidates: readonly CertificateField[],
  forms: ReadonlySet<CertificateForm>,
  isAbsent: (text: string) => boolean = () => false,
): string[] | undefined {
  let ignored: string[] | undefined;
  for (const { names, form } of candidates) {
    if (forms.has(form)) continue;
    const name = names.find((one) => fields.holds(one, isAbsent));
    if (name !== undefined) ignored = [...(ignored ?? []), ignoredCertificate(name, form)];
  }
  return ignored;
}

/** One entry of `ConnectAttempt.ignoredCertificates`. */
export function ignoredCertificate(place: string, ...forms: readonly CertificateForm[]): string {
  return `${place}, a certificate as ${forms.join(' or ')}`;
}
