import { createHash, X509Certificate } from 'node:crypto';
import type { Actor } from '../../model/audit.ts';

/** A certificate of an authority, as a bundle keeps it. */
export interface BundledCertificate {
  /** SHA-256 of the DER, lower-case hex. */
  readonly sha256: string;
  readonly subject: string;
  /** Epoch milliseconds. */
  readonly notAfter: number;
  /** One block, with a line end behind it and nothing around it. */
  readonly pem: string;
}

/** Which content of a bundle a node fetched last, and when, in epoch milliseconds. */
export interface BundleFetch {
  readonly node: string;
  readonly etag: string;
  readonly fetchedTime: number;
}

/** Why certificates cannot be put into a bundle; for people. */
export class CertificatesRefused extends Error {
  override readonly name = 'CertificatesRefused';
}

const BLOCK = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;
/** Text outside the blocks is left out; whatever else begins there is not ours to drop in silence. */
const OTHER_BLOCK = /-----BEGIN (?!CERTIFICATE-----)([A-Z0-9 ]+)-----/;

/**
 * The certificates of a PEM text. Brokers stop at a file that they cannot parse, so nothing goes into a bundle that is not a
 * certificate of an authority in date.
 * @param now epoch milliseconds.
 * @throws {CertificatesRefused} with the number of the certificate that cannot be used, or for a text without any.
 */
export function readBundledCertificates(text: string, now: number): BundledCertificate[] {
  const other = OTHER_BLOCK.exec(text)?.[1];
  if (other !== undefined)
    throw new CertificatesRefused(`there is a block "${other}", which must not be handed out`);
  const blocks = text.match(BLOCK) ?? [];
  const begun = text.split('-----BEGIN CERTIFICATE-----').length - 1;
  if (begun !== blocks.length) throw new CertificatesRefused('the last certificate is cut off');
  if (blocks.length === 0) throw new CertificatesRefused('there is no certificate in PEM');
  return blocks.map((block, index) => readOne(block, `certificate ${index + 1}`, now));
}

function readOne(block: string, which: string, now: number): BundledCertificate {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(block);
  } catch {
    throw new CertificatesRefused(`${which} cannot be parsed`);
  }
  const subject = certificate.subject.replaceAll('\n', ', ');
  if (!certificate.ca) throw new CertificatesRefused(`${which} (${subject}) is not an authority’s`);
  const notAfter = Date.parse(certificate.validTo);
  if (notAfter <= now) throw new CertificatesRefused(`${which} (${subject}) ended at ${certificate.validTo}`);
  return { sha256: sha256(certificate.raw), subject, notAfter, pem: certificate.toString() };
}

/** The bundle as a file: the blocks alone, in the order of their certificates' ends, the one that ends last first. */
export function bundleText(certificates: readonly BundledCertificate[]): string {
  const ordered = [...certificates].sort(
    (one, other) => other.notAfter - one.notAfter || (one.sha256 < other.sha256 ? -1 : 1),
  );
  return ordered.map(({ pem }) => pem).join('');
}

/** The entity tag of a bundle's content (RFC 9110 section 8.8.3), quotes and all: the same wherever the content is. */
export function bundleEtag(certificates: readonly BundledCertificate[]): string {
  return `"${sha256(bundleText(certificates))}"`;
}

/** The nodes that do not have the bundle as it is. */
export function laggingNodes(
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
  /** The certificates of a bundle; empty when there is none. */
  certificates(bundle: string): Promise<BundledCertificate[]>;
  /** What each node fetched last. */
  fetches(bundle: string): Promise<BundleFetch[]>;
  /** Adds certificates, making the bundle where there is none; those that are in it stay as they are. */
  add(bundle: string, certificates: readonly BundledCertificate[], actor: Actor): Promise<void>;
  /** Takes a certificate out of a bundle; false when it was not in it. */
  retire(bundle: string, sha256: string, forced: boolean, actor: Actor): Promise<boolean>;
}
