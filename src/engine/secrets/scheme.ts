import { timingSafeEqual } from 'node:crypto';

/** What credential checking needs of a way to keep a secret; the port of `credentials/` has this shape. */
export interface SecretScheme {
  readonly name: string;
  /** Whether the stored text is this scheme's, by how it begins; a damaged text still belongs to its scheme. */
  matches(hash: string): boolean;
  /** False, never a throw, for a damaged hash or one that is too expensive to check. */
  verify(hash: string, password: string): Promise<boolean> | boolean;
}

/** How one kind of stored text is recognised and taken apart. `formats.md` lists them all. */
export interface HashFormat<Stored extends object> {
  readonly name: string;
  matches(hash: string): boolean;
  /** @returns the parts, or a sentence on why the text can never verify (it does not quote the text). */
  read(hash: string): Stored | string;
}

export interface HashScheme extends SecretScheme {
  /** Costs milliseconds or more of a processor: goes through the queue and its answers are remembered. */
  readonly slow: boolean;
  problemOf(hash: string): string | undefined;
}

/** Longer texts are refused unread; a plain EMQX password of 4 KiB still fits. */
const MAXIMUM_HASH_TEXT = 8192;

/** Cutting a hash off must not leave one that many passwords match. */
export const MINIMUM_HASH_BYTES = 16;
export const MAXIMUM_HASH_BYTES = 128;
export const MAXIMUM_SALT_BYTES = 256;

/**
 * A scheme out of a format and its check, which sees well-formed hashes and non-empty passwords only.
 * An empty password never verifies: brokers send an empty text for "none" too, and a hash of it would let anyone in.
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

/** Equality that takes the same time wherever the first difference is. */
export function equalBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}

/** @returns what is wrong with the lengths of a salt and a hash, for formats that leave them open. */
export function problemOfLengths(salt: Uint8Array, hash: Uint8Array): string | undefined {
  if (salt.length > MAXIMUM_SALT_BYTES) return `the salt is longer than ${MAXIMUM_SALT_BYTES} bytes`;
  if (hash.length < MINIMUM_HASH_BYTES)
    return `the hash is shorter than ${MINIMUM_HASH_BYTES} bytes: cut off?`;
  if (hash.length > MAXIMUM_HASH_BYTES) return `the hash is longer than ${MAXIMUM_HASH_BYTES} bytes`;
  return undefined;
}
