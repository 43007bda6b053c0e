import { ThingPassError } from '../../../model/errors.ts';
import { type AlternativeName, readAlternativeNames } from './alternative-name.ts';
import {
  contentsOf,
  type Element,
  expectTag,
  readChildren,
  readElement,
  readOid,
  readSmallInteger,
  TAG,
} from './der.ts';

/** KeyUsage bits in their order (RFC 5280 section 4.2.1.3). */
const KEY_USAGES = [
  ...(['digitalSignature', 'nonRepudiation', 'keyEncipherment', 'dataEncipherment', 'keyAgreement'] as const),
  ...(['keyCertSign', 'cRLSign', 'encipherOnly', 'decipherOnly'] as const),
] as const;

type KeyUsage = (typeof KEY_USAGES)[number];

/** The extensions that rules use; `undefined` if a certificate lacks the extension. */
export interface Extensions {
  readonly basicConstraints: { readonly ca: boolean; readonly pathLength: number | undefined } | undefined;
  /** Node's `X509Certificate.keyUsage` is the extended key usage; this is not. */
  readonly keyUsage: readonly KeyUsage[] | undefined;
  /** Object identifiers. */
  readonly extendedKeyUsage: readonly string[] | undefined;
  readonly alternativeNames: readonly AlternativeName[];
  /** Object identifiers of critical extensions that ThingPass does not know. */
  readonly unknownCritical: readonly string[];
  /** Object identifiers of all extensions, in encoded order. */
  readonly extensionIds: readonly string[];
  /** URIs of the revocation list that covers the certificate (RFC 5280 section 4.2.1.13). */
  readonly crlUris: readonly string[];
  /** URIs of OCSP responders (RFC 5280 section 4.2.2.1). */
  readonly ocspUris: readonly string[];
}

/** The critical extensions of RFC 5280 section 4.2. A path validation handles those that are not read here. */
const KNOWN_CRITICAL: ReadonlySet<string> = new Set([
  ...['2.5.29.15', '2.5.29.17', '2.5.29.19', '2.5.29.30', '2.5.29.31', '2.5.29.32', '2.5.29.33', '2.5.29.36'],
  ...['2.5.29.37', '2.5.29.54', '2.5.29.18', '2.5.29.35', '2.5.29.14'],
]);

/**
 * Reads a certificate's extensions.
 * @param list the SEQUENCE of extensions, if the certificate has one.
 * @throws {ThingPassError} `der_malformed` also for a repeated extension (RFC 5280 section 4.2).
 */
export function readExtensions(der: Uint8Array, list: Element | undefined): Extensions {
  const values = new Map<string, Element>();
  const unknownCritical: string[] = [];
  for (const extension of list === undefined ? [] : readChildren(der, list)) {
    const parts = readChildren(der, expectTag(extension, TAG.sequence, 'extension'));
    const oid = readOid(der, parts.shift());
    const critical = parts[0]?.tag === TAG.boolean && readBoolean(der, parts.shift());
    const value = expectTag(parts.shift(), TAG.octetString, 'extension value');
    if (parts.length > 0 || values.has(oid)) throw new ThingPassError('der_malformed', 'extension');
    values.set(oid, value);
    if (critical && !KNOWN_CRITICAL.has(oid)) unknownCritical.push(oid);
  }
  const inside = <T>(oid: string, read: (element: Element) => T): T | undefined => {
    const value = values.get(oid);
    return value === undefined ? undefined : read(onlyElement(der, value));
  };
  return {
    basicConstraints: inside('2.5.29.19', (element) => readBasicConstraints(der, element)),
    keyUsage: inside('2.5.29.15', (element) => readKeyUsage(der, element)),
    extendedKeyUsage: inside('2.5.29.37', (element) =>
      readChildren(der, expectTag(element, TAG.sequence, 'extended key usage')).map((one) =>
        readOid(der, one),
      ),
    ),
    alternativeNames: inside('2.5.29.17', (element) => readAlternativeNames(der, element)) ?? [],
    unknownCritical,
    extensionIds: [...values.keys()],
    crlUris: inside('2.5.29.31', (element) => urisIn(der, element)) ?? [],
    ocspUris: inside('1.3.6.1.5.5.7.1.1', (element) => readOcspUris(der, element)) ?? [],
  };
}

const CONSTRUCTED = 0x20;
/** GeneralName's uniformResourceIdentifier, [6] (RFC 5280 section 4.2.1.6). */
const URI = 0x86;
const OCSP_ACCESS = '1.3.6.1.5.5.7.48.1';

/**
 * All URIs inside an element, in encoded order.
 * @throws {ThingPassError} `der_malformed`
 */
export function urisIn(der: Uint8Array, element: Element, depth = 0): string[] {
  if (depth > 8) throw new ThingPassError('der_malformed', 'names nested too deeply');
  return readChildren(der, element).flatMap((child) => {
    if (child.tag === URI) return [Buffer.from(contentsOf(der, child)).toString('latin1')];
    return (child.tag & CONSTRUCTED) === 0 ? [] : urisIn(der, child, depth + 1);
  });
}

function readOcspUris(der: Uint8Array, element: Element): string[] {
  return readChildren(der, expectTag(element, TAG.sequence, 'authority information access')).flatMap(
    (one) => {
      const [method, location] = readChildren(der, expectTag(one, TAG.sequence, 'access description'));
      if (readOid(der, method) !== OCSP_ACCESS || location?.tag !== URI) return [];
      return [Buffer.from(contentsOf(der, location)).toString('latin1')];
    },
  );
}

/** The one element inside an OCTET STRING. */
function onlyElement(der: Uint8Array, value: Element): Element {
  const element = readElement(der, value.contents, value.end);
  if (element.end !== value.end) throw new ThingPassError('der_malformed', 'bytes after an extension value');
  return element;
}

function readBoolean(der: Uint8Array, element: Element | undefined): boolean {
  const [value, ...others] = contentsOf(der, expectTag(element, TAG.boolean, 'boolean'));
  if (value === undefined || others.length > 0) throw new ThingPassError('der_malformed', 'boolean');
  return value !== 0;
}

function readBasicConstraints(der: Uint8Array, element: Element) {
  const parts = readChildren(der, expectTag(element, TAG.sequence, 'basic constraints'));
  const ca = parts[0]?.tag === TAG.boolean && readBoolean(der, parts.shift());
  const pathLength = parts.length === 0 ? undefined : readSmallInteger(der, parts.shift());
  if (parts.length > 0) throw new ThingPassError('der_malformed', 'basic constraints');
  return { ca, pathLength };
}

function readKeyUsage(der: Uint8Array, element: Element): KeyUsage[] {
  // The first octet is the number of unused bits at the end, which are zero in DER (X.690 section 11.2).
  const [, ...octets] = contentsOf(der, expectTag(element, TAG.bitString, 'key usage'));
  return KEY_USAGES.filter((_usage, bit) => ((octets[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0);
}
