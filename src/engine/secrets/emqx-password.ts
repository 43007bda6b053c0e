import { createHash, randomBytes } from 'node:crypto';
import { readInteger } from './encodings.ts';
import { boundedPbkdf2, checkPbkdf2, digestBytes, isPbkdf2Digest, type Pbkdf2Hash } from './pbkdf2.ts';
import { readPhc, writePhc } from './phc.ts';
import { equalBytes, type HashFormat, type HashScheme, hashScheme, MAXIMUM_SALT_BYTES } from './scheme.ts';

/**
 * EMQX keeps hash and salt in two columns and the algorithm in its configuration (`emqx_authn_password_hashing`);
 * here they are one text, salt and hash as bytes in base64:
 *
 *     $emqx$a=sha256,s=prefix$<salt>$<hash>      plain, md5, sha, sha256, sha512; s is disable, prefix or suffix
 *     $emqx$a=pbkdf2,f=sha256,i=4096,l=32$<salt>$<hash>
 *
 * The salt is the *text* that EMQX stores (its hex digits), as EMQX itself feeds it to the hash. bcrypt needs none of
 * this: its text says everything.
 */
interface SaltedDigest {
  readonly algorithm: EmqxDigest;
  readonly position: SaltPosition;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

const DIGEST_BYTES = { md5: 16, sha: 20, sha256: 32, sha512: 64 } as const;

export type EmqxDigest = keyof typeof DIGEST_BYTES | 'plain';
export type SaltPosition = 'disable' | 'prefix' | 'suffix';

const POSITIONS: readonly string[] = ['disable', 'prefix', 'suffix'] satisfies SaltPosition[];
const PBKDF2 = '$emqx$a=pbkdf2,';

export const emqxDigestFormat: HashFormat<SaltedDigest> = {
  name: 'emqx-digest',
  matches: (hash) => hash.startsWith('$emqx$') && !hash.startsWith(PBKDF2),
  read(text) {
    const phc = readPhc(text);
    const algorithm = phc?.parameters.get('a');
    const position = phc?.parameters.get('s');
    if (phc?.id !== 'emqx' || phc.version !== undefined || phc.parameters.size !== 2) return FORMAT_PROBLEM;
    if (!isDigest(algorithm) || !isPosition(position)) return FORMAT_PROBLEM;
    const { salt, hash } = phc;
    if (salt.length > MAXIMUM_SALT_BYTES) return `the salt is longer than ${MAXIMUM_SALT_BYTES} bytes`;
    const right = algorithm === 'plain' ? hash.length > 0 : hash.length === DIGEST_BYTES[algorithm];
    return right ? { algorithm, position, salt, hash } : 'the hash has the wrong length for its algorithm';
  },
};

const FORMAT_PROBLEM = 'not of the form $emqx$a=..,s=..$salt$hash';

export const emqxDigestScheme: HashScheme = hashScheme(emqxDigestFormat, false, (stored, password) =>
  equalBytes(sha256(digest(stored, password)), sha256(stored.hash)),
);

export const emqxPbkdf2Format: HashFormat<Pbkdf2Hash> = {
  name: 'emqx-pbkdf2',
  matches: (hash) => hash.startsWith(PBKDF2),
  read(text) {
    const phc = readPhc(text);
    if (phc?.id !== 'emqx' || phc.parameters.get('a') !== 'pbkdf2' || phc.parameters.size !== 4) {
      return 'not of the form $emqx$a=pbkdf2,f=..,i=..,l=..$salt$hash';
    }
    const { parameters, salt, hash } = phc;
    if (readInteger(parameters.get('l')) !== hash.length)
      return 'the hash is not as long as its parameter says; it may be truncated';
    const name = parameters.get('f');
    return boundedPbkdf2(name === 'sha' ? 'sha1' : name, readInteger(parameters.get('i')), salt, hash);
  },
};

export const emqxPbkdf2Scheme: HashScheme = hashScheme(emqxPbkdf2Format, true, checkPbkdf2);

/**
 * Formats the stored text of a digest.
 * @param hash the digest's bytes; for `plain`, the bytes of the text.
 */
export function writeEmqxDigest(
  algorithm: EmqxDigest,
  position: SaltPosition,
  salt: Uint8Array,
  hash: Uint8Array,
): string {
  return writePhc(`$emqx$a=${algorithm},s=${position}`, salt, hash);
}

/**
 * Formats the stored text of a PBKDF2 hash.
 * @param macFunction EMQX's name: sha, sha224, sha256, sha384 or sha512.
 */
export function writeEmqxPbkdf2(
  macFunction: string,
  iterations: number,
  salt: Uint8Array,
  hash: Uint8Array,
): string {
  return writePhc(`${PBKDF2}f=${macFunction},i=${iterations},l=${hash.length}`, salt, hash);
}

/** The default length of the derived key in EMQX; `undefined` for a function that EMQX does not have. */
export function emqxKeyBytes(macFunction: string): number | undefined {
  const name = macFunction === 'sha' ? 'sha1' : macFunction;
  return isPbkdf2Digest(name) && macFunction !== 'sha1' ? digestBytes(name) : undefined;
}

/**
 * Hashes imported plaintext with salted SHA-256: a hundred thousand slow hashes would take hours, and plaintext
 * must not be stored. `needsUpgrade` is true for it, so the first good login replaces it by a slow hash.
 */
export function hashProvisionally(password: string): string {
  const salt = randomBytes(16);
  const hash = createHash('sha256').update(salt).update(password, 'utf8').digest();
  return writeEmqxDigest('sha256', 'prefix', salt, hash);
}

function digest({ algorithm, position, salt }: SaltedDigest, password: Buffer): Buffer {
  const parts = { disable: [password], prefix: [salt, password], suffix: [password, salt] }[position];
  const data = Buffer.concat(parts);
  return algorithm === 'plain'
    ? data
    : createHash(algorithm === 'sha' ? 'sha1' : algorithm)
        .update(data)
        .digest();
}

/**
 * Hashes both sides of a comparison: plain texts differ in length, which would be visible in the comparison's time.
 */
function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}

function isDigest(name: string | undefined): name is EmqxDigest {
  return name === 'plain' || (name !== undefined && Object.hasOwn(DIGEST_BYTES, name));
}

function isPosition(name: string | undefined): name is SaltPosition {
  return name !== undefined && POSITIONS.includes(name);
}
