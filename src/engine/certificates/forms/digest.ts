import { hash } from 'node:crypto';
import { CertificateUnreadable } from '../text/fault.ts';

/** By the length of the text: hex of SHA-1 and SHA-256 (in either case), Base64 of SHA-256 (GCP). */
const BY_LENGTH: ReadonlyMap<number, readonly ['sha1' | 'sha256', 'hex' | 'base64']> = new Map([
  [40, ['sha1', 'hex']],
  [64, ['sha256', 'hex']],
  [44, ['sha256', 'base64']],
]);

/**
 * A digest that came along must be the certificate's (`forwarded-certificates.md` section 9, step 5). It proves nothing,
 * yet one that differs shows that not both are the endpoint's.
 * @throws {CertificateUnreadable} also for a digest of unknown kind.
 */
export function checkDigest(der: Uint8Array, digest: string | undefined): void {
  if (digest === undefined) return;
  const [algorithm, encoding] = BY_LENGTH.get(digest.length) ?? [];
  if (algorithm !== undefined && encoding !== undefined) {
    const own = hash(algorithm, der, encoding);
    if (own === (encoding === 'hex' ? digest.toLowerCase() : digest)) return;
  }
  throw new CertificateUnreadable('hash_mismatch');
}
