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
 * `password_hash_algorithm` of EMQX's built-in database, which a user file does not tell: it stands in the broker's
 * configuration, `sha256` with the salt as prefix unless changed.
 */
export type EmqxAlgorithm =
  | { readonly name: EmqxDigest; readonly saltPosition?: SaltPosition }
  | { readonly name: 'bcrypt' }
  | {
      readonly name: 'pbkdf2';
      /** sha, sha224, sha256, sha384 or sha512. */
      readonly macFunction: string;
      readonly iterations: number;
      /** EMQX's `dk_length`; the digest's own length when left out. */
      readonly keyBytes?: number;
    };

export const EMQX_ALGORITHMS = ['plain', 'md5', 'sha', 'sha256', 'sha512', 'bcrypt', 'pbkdf2'] as const;
export const EMQX_SALT_POSITIONS = ['prefix', 'suffix', 'disable'] as const;
export const EMQX_MAC_FUNCTIONS = ['sha', 'sha224', 'sha256', 'sha384', 'sha512'] as const;

/** `password_hash_algorithm` as options of a command or query; what is absent is EMQX's default. */
export interface EmqxAlgorithmOptions {
  readonly algorithm?: (typeof EMQX_ALGORITHMS)[number] | undefined;
  readonly saltPosition?: SaltPosition | undefined;
  readonly mac?: string | undefined;
  readonly iterations?: number | undefined;
  readonly keyBytes?: number | undefined;
}

/** The algorithm that the options name, or a sentence on what they lack. */
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

/** The secret that a user's `password_hash` and `salt` are, or a sentence on why they cannot verify. */
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
  // bcrypt's text holds its salt; EMQX does not look at the column.
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

/** `plain` stores the password with its salt in front or behind, so the password can be had back and hashed better. */
function readPlain(position: SaltPosition, text: string, salt: string): ImportedSecret | string {
  let password: string | undefined;
  if (position === 'disable') password = text;
  if (position === 'prefix' && text.startsWith(salt)) password = text.slice(salt.length);
  if (position === 'suffix' && text.endsWith(salt)) password = text.slice(0, text.length - salt.length);
  return password === undefined || password === '' ? '' : { kind: 'password', password };
}
