import { hash } from 'node:crypto';

/** SHA-256 of the DER, 64 lower-case hex digits. */
export function sha256Of(der: Uint8Array): string {
  return hash('sha256', der, 'hex');
}

/**
 * ThingsBoard's credentials id: SHA3-256 (FIPS 202), lower-case hex, of the Base64 text of the DER on one line with its
 * padding (`forwarded-certificates.md` section 1). Of DER that passed the strict check only, never of a header's text.
 */
export function credentialsIdOf(der: Uint8Array): string {
  const known = credentialsIds.get(der);
  if (known !== undefined) return known;
  const bytes = Buffer.from(der.buffer, der.byteOffset, der.byteLength);
  const id = hash('sha3-256', bytes.toString('base64'), 'hex');
  credentialsIds.set(der, id);
  return id;
}

/** As long as the bytes are remembered (`remembered.ts`), or for the one request; nobody changes them. */
const credentialsIds = new WeakMap<Uint8Array, string>();
