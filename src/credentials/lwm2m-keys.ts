import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';

/*
 * The key decoders of LwM2M as ThingsBoard uses them (Leshan): Base64 of DER, elliptic curves only
 * (`thingsboard.md` section 2).
 */

/** Base64 of an EC SubjectPublicKeyInfo. */
export function isEcPublicKey(base64: string): boolean {
  return isEc(base64, (key) => createPublicKey({ key, format: 'der', type: 'spki' }));
}

/** Base64 of an EC private key in PKCS#8. */
export function isEcPrivateKey(base64: string): boolean {
  return isEc(base64, (key) => createPrivateKey({ key, format: 'der', type: 'pkcs8' }));
}

/** Base64 of a certificate with an EC key. */
export function isEcCertificate(base64: string): boolean {
  return isEc(base64, (der) => new X509Certificate(der).publicKey);
}

function isEc(base64: string, read: (der: Buffer) => KeyObject): boolean {
  if (!/^[A-Za-z0-9+/]+=*/.test(base64)) return false;
  try {
    return read(Buffer.from(base64, 'base64')).asymmetricKeyType === 'ec';
  } catch {
    return false;
  }
}
