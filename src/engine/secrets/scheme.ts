import { timingSafeEqual } from 'node:crypto';

/** A way to verify stored secrets, as needed by `credentials/`. */
export interface SecretScheme {
  readonly name: string;
  /** Whether the stored text belongs to this scheme, by its beginning; a damaged text still does. */
  matches(hash: string): boolean;
  /**
   * Whether the password matches. False, without an exception, for a damaged hash or one that is too expensive to
   * check.
   */
  verify(hash: string, password: string): Promise<boolean> | boolean;
}

/** A format of stored hashes. `formats.md` lists them all. */
export interface HashFormat<Stored extends object> {
  readonly name: string;
  matches(hash: string): boolean;
  /** @returns the parts, or a sentence that says why the text can never verify and does not quote it. */
  read(hash: string): Stored | string;
}

export interface HashScheme extends SecretScheme {
  /** Takes milliseconds or more of a processor: it runs in the queue, and its results are cached. */
  readonly slow: boolean;
  problemOf(hash: string): string | undefined;
}

/** Longer texts are refused unread. A plain EMQX password of 4 KiB fits. */
const MAXIMUM_HASH_TEXT = 8192;

/** A truncated hash must not be so short that many passwords match. */
const MINIMUM_HASH_BYTES = 16;
const MAXIMUM_HASH_BYTES = 128;
export const MAXIMUM_SALT_BYTES = 256;

/**
 * Makes a scheme from a format and a check. The check gets only well-formed hashes and non-empty passwords. An
 * empty password never verifies: brokers also send an empty text for "none", and a stored hash of it would admit
 * anyone.
 */
export function hashScheme<Stored extends object>(
  format: HashFormat<Stored>,
  slow: boolean,
  check: (stored: Stored, password: Buffer) => boolean | Promise<boolean>,
): HashScheme {
  return {
    name: format.name,
    slow,
    matches: (hash) => format.matches(hash),
    problemOf: (hash) => problemOf(format, hash),
    verify(hash, password) {
      const stored = readBounded(format, hash);
      return typeof stored === 'string' || password === ''
        ? false
        : check(stored, Buffer.from(password, 'utf8'));
    },
  };
}

export function problemOf(format: HashFormat<object>, hash: string): string | undefined {
  const stored = readBounded(format, hash);
  return typeof stored === 'string' ? stored : undefined;
}

function readBounded<Stored extends object>(format: HashFormat<Stored>, hash: string): Stored | string {
  return hash.length > MAXIMUM_HASH_TEXT
    ? `the hash is longer than ${MAXIMUM_HASH_TEXT} characters`
    : format.read(hash);
}

/** Compares in constant time for equal lengths. */
export function equalBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}

/**
 * @returns why a salt or hash has an unacceptable length, for formats without fixed lengths; `undefined` if it does
 *   not.
 */
export function problemOfLengths(salt: Uint8Array, hash: Uint8Array): string | undefined {
  if (salt.length > MAXIMUM_SALT_BYTES) return `the salt is longer than ${MAXIMUM_SALT_BYTES} bytes`;
  if (hash.length < MINIMUM_HASH_BYTES)
    return `the hash is shorter than ${MINIMUM_HASH_BYTES} bytes; it may be truncated`;
  if (hash.length > MAXIMUM_HASH_BYTES) return `the hash is longer than ${MAXIMUM_HASH_BYTES} bytes`;
  return undefined;
}
