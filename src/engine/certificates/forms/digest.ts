import { hash } from 'node:crypto';
import { certificateUnreadable } from '../../../model/errors.ts';

/** Algorithm and encoding by text length: SHA-1 and SHA-256 in hex (either case), SHA-256 in Base64 (GCP). */
const BY_LENGTH: ReadonlyMap<number, readonly ['sha1' | 'sha256', 'hex' | 'base64']> = new Map([
  [40, ['sha1', 'hex']],
  [64, ['sha256', 'hex']],
  [44, ['sha256', 'base64']],
]);

/**
 * Checks that a digest sent with a certificate is the certificate's (`forwarded-certificates.md` section 9, step
 * 5). A match proves nothing, but a mismatch shows that the endpoint did not write both.
 * @throws {ThingPassError} `certificate_unreadable` for a mismatch and for a digest of unknown kind.
 */
export function checkDigest(der: Uint8Array, digest: string | undefined): void {
  if (digest === undefined) return;
  const [algorithm, encoding] = BY_LENGTH.get(digest.length) ?? [];
  if (algorithm !== undefined && encoding !== undefined) {
    const own = hash(algorithm, der, encoding);
    if (own === (encoding === 'hex' ? digest.toLowerCase() : digest)) return;
  }
  throw certificateUnreadable('hash_mismatch');
}
