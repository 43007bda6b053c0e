import { EMQX_CERT_PEM, readEmqxCertPem } from '../../engine/certificates/forms/bodies/emqx.ts';
import {
  EMQX_PEER_FORMS,
  type EmqxCorroboration,
  readEmqxPeerCertificate,
} from '../../engine/certificates/forms/bodies/emqx-peer-certificate.ts';
import {
  type CertificateForm,
  NO_CERTIFICATE,
  type PresentedCertificate,
} from '../../model/peer-certificate.ts';
import type { BrokerSettings } from '../dialect.ts';
import type { Fields } from '../fields.ts';
import { type CertificateField, ignoredCertificate, ignoredFields } from '../ignored-certificates.ts';
import { CLIENT_ID, identifying, isPlaceholder, USERNAME } from './fields.ts';

/** What EMQX 5 and 6 tell of a client's certificate (`emqx.md` section 6). */

/** `${cert_common_name}` and `${cert_subject}` without the certificate. */
const EMQX_NAME = 'emqx_name';

/** Every form in which EMQX can bring a certificate or its name. */
export const EMQX_FORMS: readonly CertificateForm[] = [EMQX_CERT_PEM, ...EMQX_PEER_FORMS.keys(), EMQX_NAME];

const CERTIFICATE = ['cert_pem'] as const;
const COMMON_NAME = ['cert_common_name'] as const;
const SUBJECT = ['cert_subject'] as const;
const PLACES = { username: USERNAME, clientid: CLIENT_ID } as const;

/**
 * The certificate in whichever form is switched on; others are not looked at. A whole certificate goes before a digest or a
 * name of it. Where nothing but whole certificates is enabled, the name alone, which is all that a listener behind a proxy
 * or an authorization request has, is not taken for one.
 * @throws {ThingPassError} `placeholder_not_filled` where a field that is read was not filled in.
 */
export function readEmqxCertificate(
  fields: Fields,
  settings: BrokerSettings,
  listener: string | undefined,
): PresentedCertificate {
  const forms = settings.certificateForms;
  if (forms.size === 0) return NO_CERTIFICATE;
  if (forms.has(EMQX_CERT_PEM)) {
    const certificate = readEmqxCertPem(certificateText(identifying(fields, CERTIFICATE)));
    if (certificate.kind !== 'none') return certificate;
  }
  for (const form of EMQX_PEER_FORMS.values()) {
    if (!forms.has(form.form)) continue;
    const names = PLACES[form.place];
    const value = form.mode === 'crt' ? fields.bytes(names) : identifying(fields, names);
    const certificate = readEmqxPeerCertificate(form, value, corroboration(fields, settings, listener));
    if (certificate.kind !== 'none') return certificate;
  }
  if (!forms.has(EMQX_NAME)) return NO_CERTIFICATE;
  const { commonName, subject } = corroboration(fields, settings, listener);
  if (commonName === undefined && subject === undefined) return NO_CERTIFICATE;
  return { kind: 'name', form: EMQX_NAME, commonName, subject };
}

function corroboration(
  fields: Fields,
  settings: BrokerSettings,
  listener: string | undefined,
): EmqxCorroboration {
  return {
    commonName: identifying(fields, COMMON_NAME),
    subject: identifying(fields, SUBJECT),
    certificateRequired: settings.certificateOnly?.(listener),
  };
}

/**
 * Base64 as EMQX wrote it, where something between decoded it once too often or too seldom (section 10): Base64 holds
 * neither blanks nor percent signs, so this reads no certificate into another. PEM is left as it is.
 */
function certificateText(text: string | undefined): string | undefined {
  if (text === undefined || text.startsWith('-')) return text;
  let decoded = text;
  if (text.includes('%')) {
    try {
      decoded = decodeURIComponent(text);
    } catch {
      return text;
    }
  }
  return decoded.startsWith('-') ? decoded : decoded.replaceAll(' ', '+');
}

const OWN_FIELDS: readonly CertificateField[] = [
  { names: CERTIFICATE, form: EMQX_CERT_PEM },
  { names: [...COMMON_NAME, ...SUBJECT], form: EMQX_NAME },
];

/**
 * What came of a certificate and was not read; only where none was, since the names stand next to the certificate that was. A
 * digest or a name in the place of the user name looks like any other text.
 */
export function ignoredEmqxCertificates(
  fields: Fields,
  { certificateForms }: BrokerSettings,
  certificate: PresentedCertificate,
): string[] | undefined {
  if (certificate.kind !== 'none') return undefined;
  const ignored = ignoredFields(fields, OWN_FIELDS, certificateForms, isPlaceholder);
  for (const { form, place, mode } of EMQX_PEER_FORMS.values()) {
    const looksLike = mode === 'pem' ? isBase64OfDer : mode === 'crt' ? isDer : undefined;
    if (looksLike === undefined || certificateForms.has(form)) continue;
    const text = fields.text(PLACES[place]) ?? '';
    if (text.length > 200 && looksLike(text)) {
      return [...(ignored ?? []), ignoredCertificate(place, form)];
    }
  }
  return ignored;
}

/** A SEQUENCE of 256 to 65 535 bytes, as every certificate is. */
function isBase64OfDer(text: string): boolean {
  return text.startsWith('MII');
}

/** The same as bytes; those that are not UTF-8 have become U+FFFD. */
function isDer(text: string): boolean {
  return text.startsWith('0\ufffd');
}
