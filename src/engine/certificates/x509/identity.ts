import { hash } from 'node:crypto';

/** SHA-256 of the DER, 64 lower-case hex digits. */
export function sha256Of(der: Uint8Array): string {
  return hash('sha256', der, 'hex');
}

/**
 * ThingsBoard's credentials id: SHA3-256 (FIPS 202), in lower-case hex, of the DER's Base64 on one line with
 * padding (`forwarded-certificates.md` section 1). Only for DER that passed the strict check. Cached for each bytes
 * object.
 */
export function credentialsIdOf(der: Uint8Array): string {
  const known = credentialsIds.get(der);
  if (known !== undefined) return known;
  const bytes = Buffer.from(der.buffer, der.byteOffset, der.byteLength);
  const id = hash('sha3-256', bytes.toString('base64'), 'hex');
  credentialsIds.set(der, id);
  return id;
}

/**
 * Entries live as long as the bytes: in the decode cache (`decode-cache.ts`) or for one request. Nobody changes the
 * bytes.
 */
const credentialsIds = new WeakMap<Uint8Array, string>();
