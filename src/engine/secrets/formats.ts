import { argon2idFormat } from './argon2id.ts';
import { bcryptFormat } from './bcrypt.ts';
import { emqxDigestFormat, emqxPbkdf2Format } from './emqx-password.ts';
import { generatedFormat } from './generated-secret.ts';
import { mosquittoPbkdf2Format, mosquittoSha512Format } from './mosquitto-password.ts';
import { pbkdf2Format } from './pbkdf2.ts';
import { type HashFormat, problemOf } from './scheme.ts';
import { scryptFormat } from './scrypt.ts';

/** All supported formats of stored hashes, described in `formats.md`. No text belongs to two of them. */
const HASH_FORMATS: readonly HashFormat<object>[] = [
  generatedFormat,
  scryptFormat,
  argon2idFormat,
  bcryptFormat,
  pbkdf2Format,
  mosquittoSha512Format,
  mosquittoPbkdf2Format,
  emqxDigestFormat,
  emqxPbkdf2Format,
];

/**
 * Why a stored hash can never verify, in one sentence that does not quote it; `undefined` if it can. Imports and
 * the management API use it to refuse such hashes where somebody sees the reason.
 */
export function problemOfHash(hash: string): string | undefined {
  const format = HASH_FORMATS.find((one) => one.matches(hash));
  return format === undefined ? 'the text is in none of the known hash formats' : problemOf(format, hash);
}
