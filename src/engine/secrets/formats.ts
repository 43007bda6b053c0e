import { argon2idFormat } from './argon2id.ts';
import { bcryptFormat } from './bcrypt.ts';
import { emqxDigestFormat, emqxPbkdf2Format } from './emqx-password.ts';
import { generatedFormat } from './generated-secret.ts';
import { mosquittoPbkdf2Format, mosquittoSha512Format } from './mosquitto-password.ts';
import { pbkdf2Format } from './pbkdf2.ts';
import { type HashFormat, problemOf } from './scheme.ts';
import { scryptFormat } from './scrypt.ts';

/** Every stored text that can verify; no text belongs to two of them. `formats.md` describes them. */
export const HASH_FORMATS: readonly HashFormat<object>[] = [
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
 * What keeps a stored text from ever verifying, in one sentence that does not quote it; `undefined` when nothing does.
 * For imports and the management API: a hash that cannot verify should be refused where somebody sees it.
 */
export function problemOfHash(hash: string): string | undefined {
  const format = HASH_FORMATS.find((one) => one.matches(hash));
  return format === undefined ? 'the text is in none of the known hash formats' : problemOf(format, hash);
}
