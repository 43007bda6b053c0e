import { pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';
import { readBase64, readInteger, readPaddedBase64 } from './encodings.ts';
import { equalBytes, type HashFormat, type HashScheme, hashScheme, problemOfLengths } from './scheme.ts';

/** A PBKDF2 hash (RFC 8018 section 5.2). */
export interface Pbkdf2Hash {
  readonly digest: Pbkdf2Digest;
  readonly iterations: number;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

/** Bytes of output per digest. A longer hash repeats all iterations for each block. */
const BLOCK_BYTES = { sha1: 20, sha224: 28, sha256: 32, sha384: 48, sha512: 64 } as const;

export type Pbkdf2Digest = keyof typeof BLOCK_BYTES;

/** About one second of one processor with SHA-512. OWASP recommends 210,000 (SHA-512) and 600,000 (SHA-256). */
const MAXIMUM_ROUNDS = 1_200_000;

const derive = promisify(pbkdf2);

export function isPbkdf2Digest(name: string): name is Pbkdf2Digest {
  return Object.hasOwn(BLOCK_BYTES, name);
}

export function digestBytes(digest: Pbkdf2Digest): number {
  return BLOCK_BYTES[digest];
}

export async function checkPbkdf2(stored: Pbkdf2Hash, password: Buffer): Promise<boolean> {
  const { salt, iterations, hash, digest } = stored;
  return equalBytes(await derive(password, salt, iterations, hash.length, digest), hash);
}

/**
 * Checks the parts of a hash, for all spellings.
 * @returns the parts, or a sentence that says which one is unknown or out of bounds.
 */
export function boundedPbkdf2(
  digest: string | undefined,
  iterations: number | undefined,
  salt: Buffer | undefined,
  hash: Buffer | undefined,
): Pbkdf2Hash | string {
  if (digest === undefined || !isPbkdf2Digest(digest)) return 'the PBKDF2 digest is unknown';
  if (iterations === undefined || iterations < 1) return 'the PBKDF2 iterations cannot be read';
  if (salt === undefined || hash === undefined) return 'the PBKDF2 salt or hash cannot be read';
  const wrong = problemOfLengths(salt, hash);
  if (wrong !== undefined) return wrong;
  const rounds = iterations * Math.ceil(hash.length / BLOCK_BYTES[digest]);
  if (rounds > MAXIMUM_ROUNDS) return `PBKDF2 would take more than ${MAXIMUM_ROUNDS} rounds`;
  return { digest, iterations, salt, hash };
}

const GO_AUTH = 'PBKDF2$';
/**
 * ThingPass's prefix for hashes made with go-auth's `hasher_salt_encoding utf-8`, which go-auth's text does not
 * show (`brokers/mosquitto/mosquitto.md` section 12).
 */
const GO_AUTH_TEXT_SALT = 'PBKDF2-utf8$';
const PHC = /^\$pbkdf2-(sha256|sha512)\$/;

/** mosquitto-go-auth's two spellings, and PHC strings with either digest. */
export const pbkdf2Format: HashFormat<Pbkdf2Hash> = {
  name: 'pbkdf2',
  matches: (hash) => hash.startsWith(GO_AUTH) || hash.startsWith(GO_AUTH_TEXT_SALT) || PHC.test(hash),
  read: (text) => (text.startsWith('$') ? readPhcSpelling(text) : readGoAuthSpelling(text)),
};

export const pbkdf2Scheme: HashScheme = hashScheme(pbkdf2Format, true, checkPbkdf2);

/** Marks a go-auth hash whose salt is the text itself. Other texts are returned unchanged. */
export function withTextSalt(hash: string): string {
  return hash.startsWith(GO_AUTH) ? GO_AUTH_TEXT_SALT + hash.slice(GO_AUTH.length) : hash;
}

/** `PBKDF2$sha512$100000$<salt>$<hash>`, Base64 with padding. The key is as long as the hash. */
function readGoAuthSpelling(text: string): Pbkdf2Hash | string {
  const parts = text.split('$');
  if (parts.length !== 5) return 'not of the form PBKDF2$digest$iterations$salt$hash';
  const [kind, digest, iterations, saltText = '', hashText = ''] = parts;
  if (digest !== 'sha256' && digest !== 'sha512') return 'the PBKDF2 digest is unknown';
  const salt = kind === 'PBKDF2' ? readPaddedBase64(saltText) : Buffer.from(saltText, 'utf8');
  const hash = readPaddedBase64(hashText);
  // PBKDF2's output is a prefix of any longer one, so a hash truncated at a multiple of four characters would still
  // match.
  if (hash !== undefined && hash.length % 8 !== 0)
    return 'the hash has an unusual length; it may be truncated';
  return boundedPbkdf2(digest, readInteger(iterations), salt, hash);
}

/** `$pbkdf2-sha512$i=10000,l=32$<salt>$<hash>`, Base64 without padding. `l` must be the hash's length. */
function readPhcSpelling(text: string): Pbkdf2Hash | string {
  const [, digest, iterations, length, salt, hash] =
    /^\$pbkdf2-(sha256|sha512)\$i=([0-9]+),l=([0-9]+)\$([^$]*)\$([^$]*)$/.exec(text) ?? [];
  if (digest === undefined || salt === undefined || hash === undefined) {
    return 'not of the form $pbkdf2-digest$i=..,l=..$salt$hash';
  }
  const bytes = readBase64(hash);
  if (bytes !== undefined && bytes.length !== readInteger(length))
    return 'the hash is not as long as its parameter says; it may be truncated';
  return boundedPbkdf2(digest, readInteger(iterations), readBase64(salt), bytes);
}
