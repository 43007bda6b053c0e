import { certificateUnreadable, isThingPassError } from '../../../../model/errors.ts';
import {
  type CertificateForm,
  NO_CERTIFICATE,
  type PresentedCertificate,
} from '../../../../model/peer-certificate.ts';
import { decodeDer, decodeDerBase64, MAX_CERTIFICATE_TEXT } from '../../text/decode.ts';
import { inspectCertificate } from '../../x509/inspect.ts';
import { type BodySettings, bodyCertificate, readBodyForm } from './body-form.ts';

/**
 * What EMQX's `peer_cert_as_username` or `peer_cert_as_clientid` puts in place of the client's own text (`emqx.md`
 * section 6).
 */
const MODES = ['pem', 'crt', 'md5', 'dn', 'cn'] as const;
const PLACES = ['username', 'clientid'] as const;

export interface EmqxPeerForm {
  /** `emqx_username_pem` for `peer_cert_as_username = pem`, and so on. */
  readonly form: CertificateForm;
  readonly place: (typeof PLACES)[number];
  readonly mode: (typeof MODES)[number];
}

/** All forms by name, in the order in which they are read: whole certificates before digests and names. */
export const EMQX_PEER_FORMS: ReadonlyMap<CertificateForm, EmqxPeerForm> = new Map(
  MODES.flatMap((mode) =>
    PLACES.map((place): [CertificateForm, EmqxPeerForm] => {
      const form = `emqx_${place}_${mode}`;
      return [form, { form, place, mode }];
    }),
  ),
);

/** Evidence that EMQX wrote a user name or client id, and not the client. */
export interface EmqxCorroboration {
  /** `${cert_common_name}` of the same request. EMQX writes it; it is empty for a client without a certificate. */
  readonly commonName?: string | undefined;
  /** `${cert_subject}` of the same request. */
  readonly subject?: string | undefined;
  /** The operator declares that this listener requires and verifies certificates. */
  readonly certificateRequired?: boolean | undefined;
}

/**
 * Reads the certificate, its MD5 or its name that EMQX put into a user name or client id.
 *
 * Without a certificate the client's own text is there (`emqx.md` section 6). Certificates are public, so a client
 * that types one must not pass for its owner. Therefore either the listener requires certificates, or the request's
 * common name must be the certificate's; a certificate without common names needs the former. Text that is none of
 * these is the client's own, and the result is "no certificate".
 * @param value the field's text; for `crt`, its bytes.
 */
export function readEmqxPeerCertificate(
  { form, mode }: EmqxPeerForm,
  value: string | Uint8Array | undefined,
  corroboration: EmqxCorroboration,
  settings: BodySettings = {},
): PresentedCertificate {
  return readBodyForm(form, () => {
    const announced =
      corroboration.certificateRequired === true ||
      Boolean(corroboration.commonName || corroboration.subject);
    if (value === undefined || value.length === 0) {
      if (announced) throw certificateUnreadable('withheld');
      return NO_CERTIFICATE;
    }
    switch (mode) {
      case 'pem':
      case 'crt': {
        const der = tryDecode(mode, value, announced);
        if (der === undefined) return NO_CERTIFICATE;
        if (!isCorroborated(der, corroboration)) throw certificateUnreadable('uncorroborated');
        return bodyCertificate(form, [der], settings);
      }
      case 'md5':
        return readMd5(form, String(value), corroboration);
      default:
        return readName(form, String(value), corroboration, mode);
    }
  });
}

/** @returns `undefined` for text that is not a certificate, unless one was announced. */
function tryDecode(mode: 'pem' | 'crt', value: string | Uint8Array, announced: boolean): Buffer | undefined {
  try {
    if (value.length > MAX_CERTIFICATE_TEXT) throw certificateUnreadable('too_large');
    return mode === 'pem' ? decodeDerBase64(String(value)) : decodeDer(bytesOf(value));
  } catch (error) {
    if (announced || !isThingPassError(error, 'certificate_unreadable')) throw error;
    return undefined;
  }
}

/** Latin-1 is the only encoder that could have carried the bytes as text. */
function bytesOf(value: string | Uint8Array): Buffer {
  return typeof value === 'string' ? Buffer.from(value, 'latin1') : Buffer.from(value);
}

/** EMQX joins several common names with commas. */
function isCorroborated(der: Buffer, corroboration: EmqxCorroboration): boolean {
  if (corroboration.certificateRequired === true) return true;
  const names = inspectCertificate(der).commonNames.join(',');
  return names !== '' && corroboration.commonName === names;
}

/** Collisions of MD5 can be made, so nothing is computed from it. */
function readMd5(form: string, text: string, corroboration: EmqxCorroboration): PresentedCertificate {
  if (!/^[0-9a-f]{32}$/.test(text)) {
    if (corroboration.certificateRequired === true) throw certificateUnreadable('malformed_field');
    return NO_CERTIFICATE;
  }
  // A digest cannot be compared with the common name.
  if (corroboration.certificateRequired !== true) throw certificateUnreadable('uncorroborated');
  return {
    kind: 'name',
    form,
    commonName: corroboration.commonName || undefined,
    subject: corroboration.subject || undefined,
    digest: { algorithm: 'md5', hex: text },
  };
}

/**
 * A certificate may lack a common name or a subject. Then EMQX leaves the client's own text, even if the listener
 * requires certificates, so the broker's own field must hold the same text.
 */
function readName(
  form: string,
  text: string,
  { commonName, subject }: EmqxCorroboration,
  mode: 'cn' | 'dn',
): PresentedCertificate {
  if (!commonName && !subject) return NO_CERTIFICATE;
  if (text !== (mode === 'cn' ? commonName : subject)) throw certificateUnreadable('uncorroborated');
  return { kind: 'name', form, commonName: commonName || undefined, subject: subject || undefined };
}
