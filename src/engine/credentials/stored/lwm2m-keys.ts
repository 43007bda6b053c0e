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

/** Without PUBLIC KEY armour and line breaks, in ThingsBoard's order (as `trim` for certificates). */
export function withoutPublicKeyArmour(text: string): string {
  return withoutArmour(text, 'PUBLIC KEY');
}

/** Without EC PRIVATE KEY armour and line breaks; the label is SEC 1's although the content is PKCS#8. */
export function withoutPrivateKeyArmour(text: string): string {
  return withoutArmour(text, 'EC PRIVATE KEY');
}

function withoutArmour(text: string, label: string): string {
  return text
    .replaceAll(`-----BEGIN ${label}-----`, '')
    .replace(/[\r\n]/g, '')
    .replaceAll(`-----END ${label}-----`, '');
}

/** Both alphabets, whatever else is in between, up to the padding: as the Base64 decoder of Apache Commons. */
export function decodeBase64(text: string): Buffer {
  const [digits] = text.split('=', 1);
  return Buffer.from(digits as string, 'base64');
}

function isEc(base64: string, read: (der: Buffer) => KeyObject): boolean {
  try {
    return read(decodeBase64(base64)).asymmetricKeyType === 'ec';
  } catch {
    return false;
  }
}
