import { ThingPassError } from '../../../model/errors.ts';
import { contentsOf, type Element, expectTag, readChildren, readElement, readOid, TAG } from './der.ts';

/** The algorithm of a subject's public key. */
export interface KeyAlgorithm {
  readonly oid: string;
  /** `RSA`, `RSA-PSS`, `EC`, `Ed25519`, …; the OID if it is not listed here. */
  readonly name: string;
  /** Size of an RSA modulus in bits. */
  readonly bits?: number | undefined;
  /** The curve of an EC key: `P-256`, …; the OID if it is not listed here. */
  readonly curve?: string | undefined;
}

const KEYS: ReadonlyMap<string, string> = new Map([
  ['1.2.840.113549.1.1.1', 'RSA'],
  ['1.2.840.113549.1.1.10', 'RSA-PSS'],
  ['1.2.840.10045.2.1', 'EC'],
  ['1.2.840.10040.4.1', 'DSA'],
  ['1.3.101.112', 'Ed25519'],
  ['1.3.101.113', 'Ed448'],
  ['2.16.840.1.101.3.4.3.17', 'ML-DSA-44'],
  ['2.16.840.1.101.3.4.3.18', 'ML-DSA-65'],
  ['2.16.840.1.101.3.4.3.19', 'ML-DSA-87'],
]);

const CURVES: ReadonlyMap<string, string> = new Map([
  ['1.2.840.10045.3.1.7', 'P-256'],
  ['1.3.132.0.34', 'P-384'],
  ['1.3.132.0.35', 'P-521'],
  ['1.3.132.0.10', 'secp256k1'],
  ['1.3.36.3.3.2.8.1.1.7', 'brainpoolP256r1'],
  ['1.3.36.3.3.2.8.1.1.11', 'brainpoolP384r1'],
  ['1.3.36.3.3.2.8.1.1.13', 'brainpoolP512r1'],
]);

const SIGNATURES: ReadonlyMap<string, string> = new Map([
  ['1.2.840.113549.1.1.4', 'MD5 with RSA'],
  ['1.2.840.113549.1.1.5', 'SHA-1 with RSA'],
  ['1.2.840.113549.1.1.10', 'RSA-PSS'],
  ['1.2.840.113549.1.1.11', 'SHA-256 with RSA'],
  ['1.2.840.113549.1.1.12', 'SHA-384 with RSA'],
  ['1.2.840.113549.1.1.13', 'SHA-512 with RSA'],
  ['1.2.840.10045.4.1', 'SHA-1 with ECDSA'],
  ['1.2.840.10045.4.3.2', 'SHA-256 with ECDSA'],
  ['1.2.840.10045.4.3.3', 'SHA-384 with ECDSA'],
  ['1.2.840.10045.4.3.4', 'SHA-512 with ECDSA'],
  ['1.3.101.112', 'Ed25519'],
  ['1.3.101.113', 'Ed448'],
  ['2.16.840.1.101.3.4.3.17', 'ML-DSA-44'],
  ['2.16.840.1.101.3.4.3.18', 'ML-DSA-65'],
  ['2.16.840.1.101.3.4.3.19', 'ML-DSA-87'],
]);

/** @param element SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7). */
export function readKeyAlgorithm(der: Uint8Array, element: Element): KeyAlgorithm {
  const [algorithm, key] = readChildren(der, element);
  const [type, parameters] = readChildren(der, expectTag(algorithm, TAG.sequence, 'key algorithm'));
  const oid = readOid(der, type);
  const name = KEYS.get(oid) ?? oid;
  if (name === 'RSA' || name === 'RSA-PSS') return { oid, name, bits: modulusBits(der, key) };
  if (name === 'EC' && parameters?.tag === TAG.oid) {
    const curve = readOid(der, parameters);
    return { oid, name, curve: CURVES.get(curve) ?? curve };
  }
  return { oid, name };
}

/** RSAPublicKey ::= SEQUENCE { modulus, publicExponent } inside a BIT STRING (RFC 8017 appendix A.1.1). */
function modulusBits(der: Uint8Array, key: Element | undefined): number {
  const bits = expectTag(key, TAG.bitString, 'public key');
  const sequence = readElement(der, bits.contents + 1, bits.end);
  const [modulus] = readChildren(der, expectTag(sequence, TAG.sequence, 'RSA key'));
  const number = contentsOf(der, expectTag(modulus, TAG.integer, 'modulus'));
  const start = number.findIndex((byte) => byte !== 0);
  const first = number[start];
  if (first === undefined) throw new ThingPassError('der_malformed', 'modulus is zero');
  return (number.length - start) * 8 - Math.clz32(first) + 24;
}

/** @param element AlgorithmIdentifier (RFC 5280 section 4.1.1.2). */
export function readSignatureAlgorithm(der: Uint8Array, element: Element): { oid: string; name: string } {
  const oid = readOid(der, readChildren(der, element)[0]);
  return { oid, name: SIGNATURES.get(oid) ?? oid };
}
