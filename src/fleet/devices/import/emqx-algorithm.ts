import {
  type EmqxDigest,
  emqxKeyBytes,
  type SaltPosition,
  writeEmqxDigest,
  writeEmqxPbkdf2,
} from '../../../engine/secrets/emqx-password.ts';
import { readHex } from '../../../engine/secrets/encodings.ts';
import { problemOfHash } from '../../../engine/secrets/formats.ts';
import type { ImportedSecret } from './import-item.ts';

/**
 * `password_hash_algorithm` of EMQX's built-in database. It is in the broker's configuration, not in a user file;
 * the default is `sha256` with the salt as prefix.
 */
export type EmqxAlgorithm =
  | { readonly name: EmqxDigest; readonly saltPosition?: SaltPosition }
  | { readonly name: 'bcrypt' }
  | {
      readonly name: 'pbkdf2';
      /** sha, sha224, sha256, sha384 or sha512. */
      readonly macFunction: string;
      readonly iterations: number;
      /** EMQX's `dk_length`. Default: the digest's length. */
      readonly keyBytes?: number;
    };

export const EMQX_ALGORITHMS = ['plain', 'md5', 'sha', 'sha256', 'sha512', 'bcrypt', 'pbkdf2'] as const;
export const EMQX_SALT_POSITIONS = ['prefix', 'suffix', 'disable'] as const;
export const EMQX_MAC_FUNCTIONS = ['sha', 'sha224', 'sha256', 'sha384', 'sha512'] as const;

/** `password_hash_algorithm` as options of a command or query. Absent options have EMQX's defaults. */
export interface EmqxAlgorithmOptions {
  readonly algorithm?: (typeof EMQX_ALGORITHMS)[number] | undefined;
  readonly saltPosition?: SaltPosition | undefined;
  readonly mac?: string | undefined;
  readonly iterations?: number | undefined;
  readonly keyBytes?: number | undefined;
}

/**
 * Reads the algorithm from the options.
 * @returns the algorithm, or a sentence that says which option is missing.
 */
export function readEmqxAlgorithm(options: EmqxAlgorithmOptions): EmqxAlgorithm | string {
  const {
    algorithm: name = 'sha256',
    saltPosition = 'prefix',
    mac = 'sha256',
    iterations,
    keyBytes,
  } = options;
  if (name === 'bcrypt') return { name };
  if (name !== 'pbkdf2') return { name, saltPosition };
  if (iterations === undefined) return 'pbkdf2 needs iterations';
  return { name, macFunction: mac, iterations, ...(keyBytes === undefined ? {} : { keyBytes }) };
}

export const DEFAULT_EMQX_ALGORITHM: EmqxAlgorithm = Object.freeze({
  name: 'sha256',
  saltPosition: 'prefix',
});

/**
 * Reads the secret from a user's `password_hash` and `salt`.
 * @returns the secret, or a sentence that says why it can never verify.
 */
export function readEmqxSecret(
  algorithm: EmqxAlgorithm,
  hashText: string,
  saltText: string,
): ImportedSecret | string {
  if (hashText === '') return 'password_hash is empty';
  const hash = writeHash(algorithm, hashText, saltText);
  if (typeof hash !== 'string') return hash;
  const problem = problemOfHash(hash);
  return problem === undefined
    ? { kind: 'hash', hash }
    : `password_hash does not fit the algorithm: ${problem}`;
}

function writeHash(algorithm: EmqxAlgorithm, hashText: string, saltText: string): ImportedSecret | string {
  // bcrypt's text contains its salt, so EMQX ignores the column.
  if (algorithm.name === 'bcrypt') return hashText;
  const salt = Buffer.from(saltText, 'utf8');
  const hash = readHex(hashText);
  if (algorithm.name === 'pbkdf2') {
    const { macFunction, iterations, keyBytes = emqxKeyBytes(macFunction) } = algorithm;
    // A hash of another length than configured never verifies in EMQX either.
    const usable = hash !== undefined && hash.length === keyBytes ? hash : Buffer.alloc(0);
    return writeEmqxPbkdf2(macFunction, iterations, salt, usable);
  }
  const { name, saltPosition = 'prefix' } = algorithm;
  if (name === 'plain') return readPlain(saltPosition, hashText, saltText);
  return writeEmqxDigest(name, saltPosition, salt, hash ?? Buffer.alloc(0));
}

/**
 * `plain` stores the password with its salt before or after it, so the password can be recovered and hashed better.
 */
function readPlain(position: SaltPosition, text: string, salt: string): ImportedSecret | string {
  let password: string | undefined;
  if (position === 'disable') password = text;
  if (position === 'prefix' && text.startsWith(salt)) password = text.slice(salt.length);
  if (position === 'suffix' && text.endsWith(salt)) password = text.slice(0, text.length - salt.length);
  return password === undefined || password === '' ? '' : { kind: 'password', password };
}
