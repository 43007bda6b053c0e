import { X509Certificate } from 'node:crypto';
import { CertificateUnreadable } from '../text/fault.ts';
import { type KeyAlgorithm, readKeyAlgorithm, readSignatureAlgorithm } from './algorithms.ts';
import type { AlternativeName } from './alternative-name.ts';
import { readCertificateFields } from './certificate-fields.ts';
import { contentsOf, MalformedDer } from './der.ts';
import { readTime } from './der-text.ts';
import { type Extensions, readExtensions } from './extensions.ts';
import { credentialsIdOf, sha256Of } from './identity.ts';
import { commonNamesOf, type Name, readName } from './name.ts';

/** A certificate, read. Every part comes from the DER; nothing from a text that a library made of it. */
export interface InspectedCertificate extends Extensions, CertificateDates {
  readonly der: Uint8Array;
  /** Lower-case hex. */
  readonly sha256: string;
  /** ThingsBoard's: SHA3-256 of the Base64 of the DER, lower-case hex. */
  readonly credentialsId: string;
  /** 1, 2 or 3. */
  readonly version: number;
  /** Upper-case hex with an even number of digits, as OpenSSL writes it. */
  readonly serialNumber: string;
  readonly subject: Name;
  readonly issuer: Name;
  /** Every CN of the subject in encoded order. */
  readonly commonNames: readonly string[];
  /** The first of them: the one that ThingsBoard means. */
  readonly commonName: string | undefined;
  readonly alternativeNames: readonly AlternativeName[];
  readonly key: KeyAlgorithm;
  readonly signature: { readonly oid: string; readonly name: string };
}

/**
 * @throws {CertificateUnreadable} for bytes that are no certificate, and for one whose names, dates or extensions cannot be
 *   read.
 */
export function inspectCertificate(der: Uint8Array): InspectedCertificate {
  return readable(() => {
    const fields = readCertificateFields(der);
    const subject = readName(der, fields.subject);
    const commonNames = commonNamesOf(subject);
    return {
      der,
      sha256: sha256Of(der),
      credentialsId: credentialsIdOf(der),
      version: fields.version,
      serialNumber: formatSerialNumber(contentsOf(der, fields.serialNumber)),
      subject,
      issuer: readName(der, fields.issuer),
      commonNames,
      commonName: commonNames[0],
      notBefore: readTime(der, fields.notBefore),
      notAfter: readTime(der, fields.notAfter),
      key: readKeyAlgorithm(der, fields.publicKey),
      signature: readSignatureAlgorithm(der, fields.signatureAlgorithm),
      ...readExtensions(der, fields.extensions),
    };
  });
}

/** From and until when a certificate is valid. */
export interface CertificateDates {
  /** Epoch milliseconds, inclusive (RFC 5280 section 4.1.2.5). */
  readonly notBefore: number;
  /** Epoch milliseconds, inclusive. */
  readonly notAfter: number;
}

/**
 * The dates alone, for the way of a known certificate, where nothing else is asked of it: a tenth of the cost of reading
 * all, and a thirtieth of that of OpenSSL's parser.
 * @throws {CertificateUnreadable}
 */
export function datesOf(der: Uint8Array): CertificateDates {
  return readable(() => {
    const fields = readCertificateFields(der);
    return { notBefore: readTime(der, fields.notBefore), notAfter: readTime(der, fields.notAfter) };
  });
}

function readable<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof MalformedDer) throw new CertificateUnreadable('malformed_der', error.message);
    throw error;
  }
}

/** The zero octet that keeps a number positive is not shown. */
export function formatSerialNumber(contents: Uint8Array): string {
  const sign = contents.length > 1 && contents[0] === 0 ? 1 : 0;
  return Buffer.from(contents.subarray(sign)).toString('hex').toUpperCase();
}

/**
 * OpenSSL's view, for signatures. It reads BER and ignores what stands behind a certificate, so its own encoding must be the
 * bytes (`forwarded-certificates.md` section 9, step 4). Its errors are all one and say nothing, so they are not shown.
 * @throws {CertificateUnreadable}
 */
export function opensslCertificate(der: Uint8Array): X509Certificate {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(der);
  } catch {
    throw new CertificateUnreadable('malformed_der', 'OpenSSL does not read it');
  }
  if (!certificate.raw.equals(der)) throw new CertificateUnreadable('malformed_der');
  return certificate;
}
