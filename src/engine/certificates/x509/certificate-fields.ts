import { ThingPassError } from '../../../model/errors.ts';
import {
  assertNested,
  type Element,
  expectTag,
  readChildren,
  readElement,
  readSmallInteger,
  TAG,
} from './der.ts';

/** The positions of a certificate's parts (RFC 5280 section 4.1). */
export interface CertificateFields {
  /** 1, 2 or 3. */
  readonly version: number;
  readonly serialNumber: Element;
  readonly issuer: Element;
  readonly notBefore: Element;
  readonly notAfter: Element;
  readonly subject: Element;
  readonly publicKey: Element;
  /** The SEQUENCE of extensions. */
  readonly extensions: Element | undefined;
  readonly signatureAlgorithm: Element;
}

const VERSION = 0xa0;
const ISSUER_UNIQUE_ID = 0x81;
const SUBJECT_UNIQUE_ID = 0x82;
const EXTENSIONS = 0xa3;

/**
 * Checks that the bytes are exactly one certificate and locates its parts, without decoding them.
 *
 * `X509Certificate` costs some hundred times as much, because it decodes the public key, and it accepts trailing
 * bytes and BER (`forwarded-certificates.md` section 8). Signatures need OpenSSL; {@link opensslCertificate}
 * compares `raw` then (section 9, step 4).
 * @throws {ThingPassError} `der_malformed` for anything else, including trailing bytes.
 */
export function readCertificateFields(der: Uint8Array): CertificateFields {
  const certificate = expectTag(readElement(der, 0, der.length), TAG.sequence, 'certificate');
  if (certificate.end !== der.length)
    throw new ThingPassError('der_malformed', 'bytes after the certificate');
  assertNested(der, certificate);
  const [tbs, algorithm, signature, ...others] = readChildren(der, certificate);
  if (others.length > 0) throw new ThingPassError('der_malformed', 'additional parts after the signature');
  expectTag(signature, TAG.bitString, 'signature');
  const signatureAlgorithm = expectTag(algorithm, TAG.sequence, 'signature algorithm');

  const parts = readChildren(der, expectTag(tbs, TAG.sequence, 'tbsCertificate'));
  const version = parts[0]?.tag === VERSION ? readVersion(der, parts.shift()) : 1;
  const [serial, innerAlgorithm, issuer, validity, subject, publicKey, ...optional] = parts;
  expectTag(innerAlgorithm, TAG.sequence, 'inner signature algorithm');
  const times = readChildren(der, expectTag(validity, TAG.sequence, 'validity'));
  if (times.length !== 2) throw new ThingPassError('der_malformed', 'validity is not two times');

  return {
    version,
    serialNumber: expectTag(serial, TAG.integer, 'serial number'),
    issuer: expectTag(issuer, TAG.sequence, 'issuer'),
    notBefore: expectTime(times[0]),
    notAfter: expectTime(times[1]),
    subject: expectTag(subject, TAG.sequence, 'subject'),
    publicKey: expectTag(publicKey, TAG.sequence, 'public key'),
    extensions: readOptional(der, optional, version),
    signatureAlgorithm,
  };
}

function readVersion(der: Uint8Array, wrapper: Element | undefined): number {
  const [number, ...others] = wrapper === undefined ? [] : readChildren(der, wrapper);
  // DER omits defaults. An explicit v1 occurs in practice and changes nothing.
  const value = readSmallInteger(der, number);
  if (others.length > 0 || value > 2) throw new ThingPassError('der_malformed', 'version');
  return value + 1;
}

function expectTime(element: Element | undefined): Element {
  const tag = element?.tag === TAG.generalizedTime ? TAG.generalizedTime : TAG.utcTime;
  return expectTag(element, tag, 'time');
}

/** Skips the unique ids and refuses any other part, including extensions in a certificate before version 3. */
function readOptional(der: Uint8Array, optional: Element[], version: number): Element | undefined {
  if (optional[0]?.tag === ISSUER_UNIQUE_ID) optional.shift();
  if (optional[0]?.tag === SUBJECT_UNIQUE_ID) optional.shift();
  const wrapper = optional.shift();
  if (optional.length > 0) throw new ThingPassError('der_malformed', 'unknown part after the extensions');
  if (wrapper === undefined) return undefined;
  expectTag(wrapper, EXTENSIONS, 'extensions');
  if (version !== 3)
    throw new ThingPassError('der_malformed', 'extensions in a certificate before version 3');
  const [list, ...others] = readChildren(der, wrapper);
  if (others.length > 0)
    throw new ThingPassError('der_malformed', 'additional parts after the list of extensions');
  return expectTag(list, TAG.sequence, 'list of extensions');
}
