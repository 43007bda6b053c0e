import { certificateUnreadable, isThingPassError } from '../../../model/errors.ts';
import { readCertificateFields } from '../x509/certificate-fields.ts';
import { readElement, TAG } from '../x509/der.ts';
import { cachedDecoder } from './decode-cache.ts';

/**
 * Decodes text to certificates strictly and in one pass (`forwarded-certificates.md` sections 2 and 9): every text
 * has at most one reading, nothing is repaired, and the result is complete certificates in DER. All functions throw
 * `certificate_unreadable`.
 */

/** Limit for one certificate's DER. The largest seen, with 240 alternative names, has 11 KiB. */
const MAX_DER_BYTES = 16 * 1024;
/** Limit for the text of one certificate. 16 KiB of DER are 30 KiB as Base64 of PEM. */
export const MAX_CERTIFICATE_TEXT = 32 * 1024;
/** Limit for a text that holds a whole chain. */
export const MAX_CHAIN_TEXT = 64 * 1024;
/** Includes the leaf. */
export const MAX_CERTIFICATES = 10;

/**
 * Decodes canonical Base64 (RFC 4648 section 4): with padding, unused bits zero, no foreign characters.
 * `Buffer.from` ignores unknown characters and stops at `=`, so its bytes are encoded again and compared with the
 * text.
 */
export function decodeBase64(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64');
  if (text === '' || bytes.toString('base64') !== text) throw certificateUnreadable('malformed_base64');
  return bytes;
}

/** Decodes percent-encoding. `+` stays a plus, because the text is not a submitted form (section 2, rule 7). */
export function decodePercent(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A lone percent sign, or bytes that are not UTF-8.
    throw certificateUnreadable('malformed_percent');
  }
}

/** How the lines of a PEM text end: with line breaks, or with one blank each (Apache's header, section 4.5). */
export type LineEnds = 'lines' | 'blanks';

const BEGIN = '-----BEGIN CERTIFICATE-----';
const END = '-----END CERTIFICATE-----';
const LINE_ENDS: Record<LineEnds, RegExp> = { lines: /\r?\n/g, blanks: / /g };
const CONTROL_CHARACTER = /\p{Cc}/u;

/**
 * Decodes the certificates of a PEM text (RFC 7468) in their order. Only CERTIFICATE blocks with line ends between
 * them are accepted. OpenSSL skips explanatory text and other labels; here they are refused, because an honest
 * header has none.
 */
export function decodePem(text: string, lineEnds: LineEnds): Buffer[] {
  const certificates: Buffer[] = [];
  const isLineEnd = lineEnds === 'lines' ? '\r\n' : ' ';
  for (let at = 0; ; ) {
    while (at < text.length && isLineEnd.includes(text.charAt(at))) at++;
    if (at === text.length && certificates.length > 0) return certificates;
    if (certificates.length === MAX_CERTIFICATES) throw certificateUnreadable('too_many_certificates');
    const end = text.indexOf(END, at);
    if (!text.startsWith(BEGIN, at) || end < 0) throw certificateUnreadable('malformed_pem');
    const body = text.slice(at + BEGIN.length, end).replace(LINE_ENDS[lineEnds], '');
    if (body === '' || CONTROL_CHARACTER.test(body)) throw certificateUnreadable('malformed_pem');
    certificates.push(decodeDer(decodeBase64(body)));
    at = end + END.length;
  }
}

/**
 * Checks that the bytes are exactly one certificate in DER. Only such bytes may be hashed into an identity.
 * @returns the same bytes.
 */
export function decodeDer(bytes: Buffer): Buffer {
  if (bytes.length > MAX_DER_BYTES) throw certificateUnreadable('too_large');
  try {
    const { tag, end } = readElement(bytes, 0, bytes.length);
    if (tag === TAG.sequence && end < bytes.length) throw certificateUnreadable('trailing_data');
    readCertificateFields(bytes);
    return bytes;
  } catch (error) {
    if (isThingPassError(error, 'der_malformed')) throw certificateUnreadable('malformed_der');
    throw error;
  }
}

/** Decodes Base64 of one certificate's DER. */
export function decodeDerBase64(text: string): Buffer {
  return decodeDer(decodeBase64(text));
}

/** Decodes concatenated certificates, as in HAProxy's `ssl_c_chain_der` (section 4.4). */
export function decodeConcatenatedDer(bytes: Buffer): Buffer[] {
  const certificates: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (certificates.length === MAX_CERTIFICATES) throw certificateUnreadable('too_many_certificates');
    const end = elementEnd(bytes, at);
    certificates.push(decodeDer(bytes.subarray(at, end)));
    at = end;
  }
  return certificates;
}

function elementEnd(bytes: Buffer, at: number): number {
  try {
    const element = readElement(bytes, at, bytes.length);
    if (element.tag === TAG.sequence) return element.end;
  } catch (error) {
    if (!isThingPassError(error, 'der_malformed')) throw error;
  }
  throw certificateUnreadable('malformed_der');
}

/**
 * Decodes PEM or Base64 of DER; only PEM begins with a hyphen. PEM may be percent-encoded (it contains `%`, which
 * PEM never does), have line breaks, or have blanks instead of line breaks.
 * @returns one or more certificates, in the text's order.
 */
export const decodeEitherText = cachedDecoder((text) => {
  if (!text.startsWith('-')) return [decodeDerBase64(text)];
  if (text.includes('%')) return decodePem(decodePercent(text), 'lines');
  return decodePem(text, text.includes('\n') ? 'lines' : 'blanks');
});

/** @throws {ThingPassError} `certificate_unreadable` unless there is exactly one. */
export function onlyOne(certificates: readonly Buffer[]): Buffer {
  const [certificate, ...others] = certificates;
  if (certificate === undefined) throw certificateUnreadable('malformed_pem');
  if (others.length > 0) throw certificateUnreadable('multiple_certificates');
  return certificate;
}
