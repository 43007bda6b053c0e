import { createHash, X509Certificate } from 'node:crypto';
import type { Actor } from '../../model/audit.ts';
import { ThingPassError } from '../../model/errors.ts';

/** A certificate authority's certificate in a bundle. */
export interface BundledCertificate {
  /** SHA-256 of the DER, lower-case hex. */
  readonly sha256: string;
  readonly subject: string;
  /** Epoch milliseconds. */
  readonly notAfter: number;
  /** One PEM block that ends with a line end. */
  readonly pem: string;
}

/** Which content of a bundle a node fetched last. */
export interface BundleFetch {
  readonly node: string;
  readonly etag: string;
  readonly fetchedTime: number;
}

const BLOCK = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;
/** Text outside the blocks is dropped. Any other block is refused instead of being dropped silently. */
const OTHER_BLOCK = /-----BEGIN (?!CERTIFICATE-----)([A-Z0-9 ]+)-----/;

/**
 * Parses the certificates of a PEM text. Brokers fail on a file that they cannot parse, so only unexpired
 * certificates of authorities are accepted.
 * @param now epoch milliseconds.
 * @throws {ThingPassError} `ca_certificate_invalid` for a text without certificates, and for an unusable certificate, with
 *   its
 *   position.
 */
export function readBundledCertificates(text: string, now: number): BundledCertificate[] {
  const other = OTHER_BLOCK.exec(text)?.[1];
  if (other !== undefined)
    throw new ThingPassError('ca_certificate_invalid', `the block "${other}" must not be in a bundle`);
  const blocks = text.match(BLOCK) ?? [];
  const begun = text.split('-----BEGIN CERTIFICATE-----').length - 1;
  if (begun !== blocks.length)
    throw new ThingPassError('ca_certificate_invalid', 'the last certificate is truncated');
  if (blocks.length === 0)
    throw new ThingPassError('ca_certificate_invalid', 'there is no certificate in PEM');
  return blocks.map((block, index) => readOne(block, `certificate ${index + 1}`, now));
}

function readOne(block: string, which: string, now: number): BundledCertificate {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(block);
  } catch {
    throw new ThingPassError('ca_certificate_invalid', `${which} cannot be parsed`);
  }
  const subject = certificate.subject.replaceAll('\n', ', ');
  if (!certificate.ca)
    throw new ThingPassError(
      'ca_certificate_invalid',
      `${which} (${subject}) is not a certificate authority`,
    );
  const notAfter = Date.parse(certificate.validTo);
  if (notAfter <= now)
    throw new ThingPassError(
      'ca_certificate_invalid',
      `${which} (${subject}) expired at ${certificate.validTo}`,
    );
  return { sha256: sha256(certificate.raw), subject, notAfter, pem: certificate.toString() };
}

/** The bundle as a file: only PEM blocks, the certificate that expires last first. */
export function bundleText(certificates: readonly BundledCertificate[]): string {
  const ordered = [...certificates].sort(
    (one, other) => other.notAfter - one.notAfter || (one.sha256 < other.sha256 ? -1 : 1),
  );
  return ordered.map(({ pem }) => pem).join('');
}

/**
 * The entity tag of a bundle's content (RFC 9110 section 8.8.3), with quotes. The same content has the same tag
 * everywhere.
 */
export function bundleEtag(certificates: readonly BundledCertificate[]): string {
  return `"${sha256(bundleText(certificates))}"`;
}

/** The nodes that do not have the bundle's current content. */
export function outdatedNodes(
  certificates: readonly BundledCertificate[],
  fetches: readonly BundleFetch[],
): string[] {
  const etag = bundleEtag(certificates);
  return fetches.filter((fetch) => fetch.etag !== etag).map(({ node }) => node);
}

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** CA bundles and who fetched them, as storage keeps them. */
export interface CaBundleStore {
  /** The certificates of a bundle; empty when it does not exist. */
  certificates(bundle: string): Promise<BundledCertificate[]>;
  /** What each node fetched last. */
  fetches(bundle: string): Promise<BundleFetch[]>;
  /** Adds certificates, creating the bundle if needed; those that are in it stay as they are. */
  add(bundle: string, certificates: readonly BundledCertificate[], actor: Actor): Promise<void>;
  /** Takes a certificate out of a bundle; false when it was not in it. */
  retire(bundle: string, sha256: string, forced: boolean, actor: Actor): Promise<boolean>;
}
