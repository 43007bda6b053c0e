import { constants, type KeyObject, verify } from 'node:crypto';
import { ThingPassError } from '../../../model/errors.ts';
import {
  type Element,
  expectTag,
  readChildren,
  readElement,
  readOid,
  readSmallInteger,
  TAG,
} from '../x509/der.ts';

/** The accepted hashes. MD5 and SHA-1 are not: a forged list could reinstate a revoked device. */
const HASHES: ReadonlyMap<string, string> = new Map([
  ['2.16.840.1.101.3.4.2.1', 'sha256'],
  ['2.16.840.1.101.3.4.2.2', 'sha384'],
  ['2.16.840.1.101.3.4.2.3', 'sha512'],
]);

const ALGORITHMS: ReadonlyMap<string, { readonly hash: string | null; readonly key: readonly string[] }> =
  new Map([
    ['1.2.840.113549.1.1.11', { hash: 'sha256', key: ['rsa'] }],
    ['1.2.840.113549.1.1.12', { hash: 'sha384', key: ['rsa'] }],
    ['1.2.840.113549.1.1.13', { hash: 'sha512', key: ['rsa'] }],
    ['1.2.840.10045.4.3.2', { hash: 'sha256', key: ['ec'] }],
    ['1.2.840.10045.4.3.3', { hash: 'sha384', key: ['ec'] }],
    ['1.2.840.10045.4.3.4', { hash: 'sha512', key: ['ec'] }],
    ['1.3.101.112', { hash: null, key: ['ed25519'] }],
    ['1.3.101.113', { hash: null, key: ['ed448'] }],
  ]);

const RSA_PSS = '1.2.840.113549.1.1.10';

/** Signed bytes and their signature, as in revocation lists and OCSP answers. */
export interface Signed {
  readonly bytes: Uint8Array;
  /** AlgorithmIdentifier in DER (RFC 5280 section 4.1.1.2). */
  readonly algorithm: Uint8Array;
  readonly signature: Uint8Array;
}

/** Whether the key made the signature. False also for weak or unknown algorithms, and those of another key type. */
export function isSignedBy({ bytes, algorithm, signature }: Signed, key: KeyObject): boolean {
  try {
    const [type, parameters] = readChildren(algorithm, readElement(algorithm, 0, algorithm.length));
    const oid = readOid(algorithm, type);
    if (oid === RSA_PSS) return verifyPss(bytes, signature, key, readPss(algorithm, parameters));
    const known = ALGORITHMS.get(oid);
    if (known === undefined || !known.key.includes(key.asymmetricKeyType ?? '')) return false;
    return verify(known.hash, bytes, key, signature);
  } catch {
    // Malformed DER, or parameters that OpenSSL does not support.
    return false;
  }
}

interface PssParameters {
  readonly hash: string;
  readonly saltLength: number;
}

function verifyPss(
  bytes: Uint8Array,
  signature: Uint8Array,
  key: KeyObject,
  { hash, saltLength }: PssParameters,
): boolean {
  if (key.asymmetricKeyType !== 'rsa' && key.asymmetricKeyType !== 'rsa-pss') return false;
  return verify(hash, bytes, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }, signature);
}

/**
 * Reads RSASSA-PSS-params (RFC 4055 section 3.1). The defaults are SHA-1, so the hash must be named. MGF1 must use
 * the same hash, as OpenSSL requires.
 */
function readPss(der: Uint8Array, parameters: Element | undefined): PssParameters {
  const parts = readChildren(der, expectTag(parameters, TAG.sequence, 'RSASSA-PSS parameters'));
  const inside = (tag: number): Element | undefined => {
    const part = parts.find((one) => one.tag === tag);
    return part && readChildren(der, part)[0];
  };
  const hash = hashOf(der, inside(0xa0));
  const [, maskHash] = readChildren(der, expectTag(inside(0xa1), TAG.sequence, 'mask'));
  if (hashOf(der, maskHash) !== hash) throw new ThingPassError('der_malformed', 'the mask uses another hash');
  const salt = inside(0xa2);
  return { hash, saltLength: salt === undefined ? 20 : readSmallInteger(der, salt) };
}

function hashOf(der: Uint8Array, algorithm: Element | undefined): string {
  const [type] = readChildren(der, expectTag(algorithm, TAG.sequence, 'hash algorithm'));
  const hash = HASHES.get(readOid(der, type));
  if (hash === undefined) throw new ThingPassError('der_malformed', 'hash algorithm');
  return hash;
}
