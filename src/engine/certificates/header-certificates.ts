import type { IncomingHttpHeaders } from 'node:http';
import { isThingPassError } from '../../model/errors.ts';
import {
  CERTIFICATE_FAULTS,
  type CertificateFault,
  type CertificateForm,
  NO_CERTIFICATE,
  type PresentedCertificate,
  type UnreadableCertificate,
} from '../../model/peer-certificate.ts';
import { type FormSettings, type HeaderForm, type HeaderNames, headerName } from './forms/form.ts';
import { FORMS_BY_HEADER, HEADER_FORMS } from './forms/registry.ts';
import { HeaderView } from './header-view.ts';
import { isAbsent } from './text/absence.ts';
import { sha256Of } from './x509/identity.ts';

/** A form that the operator enabled, with its effective header names. Made by {@link enableForms}. */
export interface EnabledForm {
  readonly form: HeaderForm;
  readonly headers: HeaderNames;
  readonly settings: FormSettings;
}

/** A header that may hold a certificate in a form that is not enabled. */
export interface IgnoredHeader {
  readonly header: string;
  /** The forms that use this header. Empty for a header that ThingPass never reads. */
  readonly forms: readonly CertificateForm[];
}

export interface HeaderReading {
  readonly certificate: PresentedCertificate;
  readonly ignored: readonly IgnoredHeader[];
}

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;

/**
 * Enables forms as configured.
 * @throws {Error} for an unknown form or role, an invalid header name, or two forms that would read the same
 *   header: its value does not tell which form it is in. The message is a sentence for the operator.
 */
export function enableForms(
  forms: readonly { readonly name: CertificateForm; readonly settings?: FormSettings }[],
): EnabledForm[] {
  const readers = new Map<string, CertificateForm>();
  return forms.map(({ name, settings = {} }) => {
    const form = HEADER_FORMS.get(name);
    if (form === undefined) throw new Error(`there is no certificate form "${name}" in headers`);
    const headers = effectiveHeaderNames(form, settings);
    const certificate = headers.certificate ?? '';
    const other = readers.get(certificate);
    if (other !== undefined)
      throw new Error(`the forms ${other} and ${name} both read the header ${certificate}`);
    readers.set(certificate, name);
    return { form, headers, settings };
  });
}

function effectiveHeaderNames(form: HeaderForm, settings: FormSettings): HeaderNames {
  const names = new Map<string, string>(Object.entries(form.headers));
  for (const [role, text] of Object.entries(settings.headers ?? {})) {
    const name = headerName(text);
    const hasRole = role in form.headers || (form.name === 'rfc9440' && role === 'verification');
    if (!hasRole) throw new Error(`the certificate form ${form.name} has no ${role} header`);
    if (name === '' && role !== 'certificate') names.delete(role);
    else if (HEADER_NAME.test(name)) names.set(role, name);
    else throw new Error(`the certificate form ${form.name}: "${text}" is not a header name`);
  }
  return Object.fromEntries(names);
}

/**
 * Returns the certificate that a request's headers present in the enabled forms, and the certificate headers that
 * were ignored.
 *
 * Nothing is guessed: headers of other forms are left alone and listed in `ignored` (`forwarded-certificates.md`
 * section 2, rule 1). Enabled forms that disagree are a refusal. So is a header of an enabled form from a peer that
 * is not a proxy (rule 2): its sender tried to pass for one.
 * @param rawHeaders names and values alternating, as in `IncomingMessage.rawHeaders`.
 * @param fromProxy whether the TCP peer (not an address in a header) is a proxy that may write these forms.
 */
export function readCertificateHeaders(
  rawHeaders: readonly string[],
  forms: readonly EnabledForm[],
  fromProxy: boolean,
): HeaderReading {
  const view = new HeaderView(rawHeaders);
  const readings: PresentedCertificate[] = [];
  for (const one of forms) {
    const reading = fromProxy ? readForm(view, one) : refuseForm(view, one);
    if (reading.kind !== 'none') readings.push(reading);
  }
  return { certificate: combineReadings(readings), ignored: ignoredIn(view, forms) };
}

/** Whether these headers (names in lower case) could hold a certificate in any form. */
export function mayHoldCertificate(headers: IncomingHttpHeaders): boolean {
  for (const name in headers) if (FORMS_BY_HEADER.has(name)) return true;
  return false;
}

function readForm(view: HeaderView, { form, headers, settings }: EnabledForm): PresentedCertificate {
  try {
    return form.read({ form: form.name, view, headers, settings });
  } catch (error) {
    if (isThingPassError(error, 'certificate_unreadable'))
      return unreadable(form.name, error.data.fault, error.message);
    throw error;
  }
}

function refuseForm(view: HeaderView, { form, headers }: EnabledForm): PresentedCertificate {
  const present = view.lines(headers.certificate ?? '').some((line) => !isAbsent(line));
  return present ? unreadable(form.name, 'untrusted_source') : NO_CERTIFICATE;
}

export function unreadable(
  form: CertificateForm,
  fault: CertificateFault,
  detail: string = CERTIFICATE_FAULTS[fault],
): UnreadableCertificate {
  return { kind: 'unreadable', form, fault, detail };
}

/**
 * One refusal refuses all. Otherwise all readings must name the same certificate, and the least certain
 * verification counts.
 */
function combineReadings(readings: readonly PresentedCertificate[]): PresentedCertificate {
  const [first, ...others] = readings;
  if (first === undefined) return NO_CERTIFICATE;
  if (others.length === 0) return first;
  const refusal = readings.find((reading) => reading.kind === 'unreadable');
  if (refusal !== undefined) return refusal;
  const identities = new Set(readings.map(identityOf));
  if (identities.size > 1 || identities.has(undefined)) {
    return unreadable(formOf(first), 'conflicting_headers');
  }
  const certificates = readings.filter((reading) => reading.kind === 'certificate');
  const doubtful =
    certificates.find((reading) => reading.verification === 'failed') ??
    certificates.find((reading) => reading.verification === 'not_checked');
  return doubtful ?? certificates[0] ?? first;
}

/** SHA-256 in hex; `undefined` if it is unknown. */
function identityOf(reading: PresentedCertificate): string | undefined {
  if (reading.kind === 'certificate') return sha256Of(reading.der);
  const digest = reading.kind === 'name' ? reading.digest : undefined;
  return digest?.algorithm === 'sha256' ? digest.hex : undefined;
}

function formOf(reading: PresentedCertificate): CertificateForm {
  return reading.kind === 'none' ? '' : reading.form;
}

function ignoredIn(view: HeaderView, forms: readonly EnabledForm[]): IgnoredHeader[] {
  const ignored: IgnoredHeader[] = [];
  for (const header of view.names()) {
    const candidates = FORMS_BY_HEADER.get(header);
    if (candidates === undefined || forms.some((one) => one.headers.certificate === header)) continue;
    if (view.lines(header).every(isAbsent)) continue;
    ignored.push({ header, forms: candidates });
  }
  return ignored;
}
