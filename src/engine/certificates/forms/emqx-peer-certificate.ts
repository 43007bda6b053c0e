import { type CertificateForm, NO_CERTIFICATE, type PresentedCertificate } from '../peer-certificate.ts';
import { decodeDer, decodeDerBase64, MAX_CERTIFICATE_TEXT } from '../text/decode.ts';
import { CertificateUnreadable } from '../text/fault.ts';
import { inspectCertificate } from '../x509/inspect.ts';
import { type BodySettings, bodyCertificate, readBodyForm } from './body-form.ts';

/** What EMQX's `peer_cert_as_username` or `peer_cert_as_clientid` puts in the place of the client's own text (`emqx.md` section 6). */
const MODES = ['pem', 'crt', 'md5', 'dn', 'cn'] as const;
const PLACES = ['username', 'clientid'] as const;

export interface EmqxPeerForm {
  /** `emqx_username_pem` for `peer_cert_as_username = pem`, and so on. */
  readonly form: CertificateForm;
  readonly place: (typeof PLACES)[number];
  readonly mode: (typeof MODES)[number];
}

/** By the form's name; in this order they are read, the whole certificate before a digest or a name of it. */
export const EMQX_PEER_FORMS: ReadonlyMap<CertificateForm, EmqxPeerForm> = new Map(
  MODES.flatMap((mode) =>
    PLACES.map((place): [CertificateForm, EmqxPeerForm] => {
      const form = `emqx_${place}_${mode}`;
      return [form, { form, place, mode }];
    }),
  ),
);

/** What shows that a user name or client id is EMQX's and not the client's own text. */
export interface EmqxCorroboration {
  /** `${cert_common_name}` of the same request: broker-made, and empty for a client without a certificate. */
  readonly commonName?: string | undefined;
  /** `${cert_subject}` of the same request. */
  readonly subject?: string | undefined;
  /** The operator declares that this listener requires and verifies certificates. */
  readonly everyClientHasOne?: boolean | undefined;
}

/**
 * The certificate, its MD5 or its name, that EMQX put into a user name or client id.
 *
 * Without a certificate the client's own text stands there (`emqx.md` section 6), and certificates are public: whoever
 * types one must not become its owner. So either every client has one, or the request's common name is the certificate's; a
 * certificate without common names needs the former. Text that is none of it is the client's own, and no certificate.
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
      corroboration.everyClientHasOne === true || Boolean(corroboration.commonName || corroboration.subject);
    if (value === undefined || value.length === 0) {
      if (announced) throw new CertificateUnreadable('withheld');
      return NO_CERTIFICATE;
    }
    switch (mode) {
      case 'pem':
      case 'crt': {
        const der = decodeIfAny(mode, value, announced);
        if (der === undefined) return NO_CERTIFICATE;
        if (!isCorroborated(der, corroboration)) throw new CertificateUnreadable('uncorroborated');
        return bodyCertificate(form, [der], settings);
      }
      case 'md5':
        return readMd5(form, String(value), corroboration);
      default:
        return readName(form, String(value), corroboration, mode);
    }
  });
}

/** @returns nothing for what is not a certificate, unless one was announced. */
function decodeIfAny(
  mode: 'pem' | 'crt',
  value: string | Uint8Array,
  announced: boolean,
): Buffer | undefined {
  try {
    if (value.length > MAX_CERTIFICATE_TEXT) throw new CertificateUnreadable('too_large');
    return mode === 'pem' ? decodeDerBase64(String(value)) : decodeDer(bytesOf(value));
  } catch (error) {
    if (announced || !(error instanceof CertificateUnreadable)) throw error;
    return undefined;
  }
}

/** Bytes that came as text have been through an encoder that cannot carry them; Latin-1 is the one that may have. */
function bytesOf(value: string | Uint8Array): Buffer {
  return typeof value === 'string' ? Buffer.from(value, 'latin1') : Buffer.from(value);
}

/** EMQX joins several common names with a comma. */
function isCorroborated(der: Buffer, corroboration: EmqxCorroboration): boolean {
  if (corroboration.everyClientHasOne === true) return true;
  const names = inspectCertificate(der).commonNames.join(',');
  return names !== '' && corroboration.commonName === names;
}

/** MD5 names a certificate only as well as nobody makes a second one with the same MD5; nothing is computed from it. */
function readMd5(form: string, text: string, corroboration: EmqxCorroboration): PresentedCertificate {
  if (!/^[0-9a-f]{32}$/.test(text)) {
    if (corroboration.everyClientHasOne === true) throw new CertificateUnreadable('malformed_field');
    return NO_CERTIFICATE;
  }
  // The common name beside it cannot be compared with a digest.
  if (corroboration.everyClientHasOne !== true) throw new CertificateUnreadable('uncorroborated');
  return {
    kind: 'name',
    form,
    commonName: corroboration.commonName || undefined,
    subject: corroboration.subject || undefined,
    digest: { algorithm: 'md5', hex: text },
  };
}

/**
 * A certificate may lack a common name or a subject, and then the client's own text stands in its place, whatever the
 * listener demands: so the broker's own field must say the same.
 */
function readName(
  form: string,
  text: string,
  { commonName, subject }: EmqxCorroboration,
  mode: 'cn' | 'dn',
): PresentedCertificate {
  if (!commonName && !subject) return NO_CERTIFICATE;
  if (text !== (mode === 'cn' ? commonName : subject)) throw new CertificateUnreadable('uncorroborated');
  return { kind: 'name', form, commonName: commonName || undefined, subject: subject || undefined };
}
