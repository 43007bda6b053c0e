import { isAbsent } from '../absence.ts';
import { decodeDer, decodeDerBase64, decodeEitherText, MAX_CERTIFICATE_TEXT, onlyOne } from '../decode.ts';
import { CertificateUnreadable } from '../fault.ts';
import { inspectCertificate } from '../inspect.ts';
import { NO_CERTIFICATE, type PresentedCertificate } from '../peer-certificate.ts';
import { type BodySettings, bodyCertificate, readBodyForm } from './body-form.ts';

/** `${cert_pem}` in a field of its own. */
export const EMQX_CERT_PEM = 'emqx_cert_pem';
/** `peer_cert_as_username` or `peer_cert_as_clientid` = `pem`, `crt`, `md5`: the value stands where the client's own would. */
export const EMQX_PEER_CERT_PEM = 'emqx_peer_cert_pem';
export const EMQX_PEER_CERT_CRT = 'emqx_peer_cert_crt';
export const EMQX_PEER_CERT_MD5 = 'emqx_peer_cert_md5';

/**
 * `${cert_pem}`: despite its name Base64 of the DER on one line, empty without a certificate (`forwarded-certificates.md`
 * section 5); armoured PEM is read too. EMQX sends certificates that it did not verify alike, so only the operator can
 * say that it did.
 */
export function readEmqxCertPem(
  value: string | undefined,
  settings: BodySettings = {},
): PresentedCertificate {
  return readBodyForm(EMQX_CERT_PEM, () => {
    if (value === undefined || isAbsent(value)) return NO_CERTIFICATE;
    if (value.length > MAX_CERTIFICATE_TEXT) throw new CertificateUnreadable('too_large');
    return bodyCertificate(EMQX_CERT_PEM, [onlyOne(decodeEitherText(value))], settings);
  });
}

const PEER_CERT_FORMS = {
  pem: EMQX_PEER_CERT_PEM,
  crt: EMQX_PEER_CERT_CRT,
  md5: EMQX_PEER_CERT_MD5,
} as const;

/** What shows that a user name or client id is EMQX's and not the client's own text. */
export interface EmqxCorroboration {
  /** `${cert_common_name}` of the same request: broker-made, and empty for a client without a certificate. */
  readonly commonName?: string | undefined;
  /** `${cert_subject}` of the same request. */
  readonly subject?: string | undefined;
  /** The operator declares that every listener of this broker requires and verifies certificates. */
  readonly everyClientHasOne?: boolean | undefined;
}

/**
 * The certificate, or its MD5, that EMQX put into a user name or client id.
 *
 * Without a certificate the client's own text stands there (`emqx.md` section 6), and certificates are public: whoever
 * types one must not become its owner. So either every client has one, or the request's common name is the certificate's; a
 * certificate without common names needs the former. Text that is none of it is the client's own, and no certificate.
 * @param value the field's text; for `crt`, its bytes.
 */
export function readEmqxPeerCertificate(
  mode: 'pem' | 'crt' | 'md5',
  value: string | Uint8Array | undefined,
  corroboration: EmqxCorroboration,
  settings: BodySettings = {},
): PresentedCertificate {
  const form = PEER_CERT_FORMS[mode];
  return readBodyForm(form, () => {
    const announced =
      corroboration.everyClientHasOne === true || Boolean(corroboration.commonName || corroboration.subject);
    if (value === undefined || value.length === 0) {
      if (announced) throw new CertificateUnreadable('withheld');
      return NO_CERTIFICATE;
    }
    if (mode === 'md5') return readMd5(form, String(value), corroboration);
    const der = decodeIfAny(mode, value, announced);
    if (der === undefined) return NO_CERTIFICATE;
    if (!isCorroborated(der, corroboration)) throw new CertificateUnreadable('uncorroborated');
    return bodyCertificate(form, [der], settings);
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
