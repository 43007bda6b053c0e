import type { KeyAlgorithm } from '../../engine/certificates/x509/algorithms.ts';

/** SignatureScheme (RFC 8446 section 4.2.3), by code. */
const NAMES: ReadonlyMap<number, string> = new Map([
  [0x0201, 'rsa_pkcs1_sha1'],
  [0x0203, 'ecdsa_sha1'],
  [0x0401, 'rsa_pkcs1_sha256'],
  [0x0501, 'rsa_pkcs1_sha384'],
  [0x0601, 'rsa_pkcs1_sha512'],
  [0x0403, 'ecdsa_secp256r1_sha256'],
  [0x0503, 'ecdsa_secp384r1_sha384'],
  [0x0603, 'ecdsa_secp521r1_sha512'],
  [0x0804, 'rsa_pss_rsae_sha256'],
  [0x0805, 'rsa_pss_rsae_sha384'],
  [0x0806, 'rsa_pss_rsae_sha512'],
  [0x0807, 'ed25519'],
  [0x0808, 'ed448'],
  [0x0809, 'rsa_pss_pss_sha256'],
  [0x080a, 'rsa_pss_pss_sha384'],
  [0x080b, 'rsa_pss_pss_sha512'],
]);

export function schemeName(code: number): string {
  return NAMES.get(code) ?? `0x${code.toString(16).padStart(4, '0')}`;
}

/** TLS 1.3 ties the curve to the hash; TLS 1.2 does not. */
const CURVE_SCHEMES: Readonly<Record<string, number>> = { 'P-256': 0x0403, 'P-384': 0x0503, 'P-521': 0x0603 };
const ECDSA = [0x0403, 0x0503, 0x0603, 0x0203];
const RSA_PSS_RSAE = [0x0804, 0x0805, 0x0806];
const RSA_PKCS1 = [0x0401, 0x0501, 0x0601, 0x0201];
const RSA_PSS_PSS = [0x0809, 0x080a, 0x080b];

/**
 * Whether a key can sign with a scheme that the server accepts. If it cannot, a client silently sends no
 * certificate.
 */
export function keyFits(key: KeyAlgorithm, schemes: readonly number[], tls13: boolean): boolean {
  return schemesOf(key, tls13).some((scheme) => schemes.includes(scheme));
}

function schemesOf(key: KeyAlgorithm, tls13: boolean): readonly number[] {
  switch (key.name) {
    case 'RSA':
      return tls13 ? RSA_PSS_RSAE : [...RSA_PSS_RSAE, ...RSA_PKCS1];
    case 'RSA-PSS':
      return RSA_PSS_PSS;
    case 'EC': {
      const scheme = CURVE_SCHEMES[key.curve ?? ''];
      return tls13 ? (scheme === undefined ? [] : [scheme]) : ECDSA;
    }
    case 'Ed25519':
      return [0x0807];
    case 'Ed448':
      return [0x0808];
    default:
      return [];
  }
}
