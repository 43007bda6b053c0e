import { createHash } from 'node:crypto';
import { readInteger, readPaddedBase64 } from './encodings.ts';
import { boundedPbkdf2, checkPbkdf2, type Pbkdf2Hash } from './pbkdf2.ts';
import { equalBytes, type HashFormat, type HashScheme, hashScheme, problemOfLengths } from './scheme.ts';

/**
 * The formats of `mosquitto_passwd` (`brokers/mosquitto/mosquitto.md` section 12): `$6$` is one SHA-512 over password and
 * salt, `$7$` is PBKDF2 with SHA-512, by default with 101 iterations. Its argon2id strings are plain PHC strings.
 * Other programs use `$6$` for sha512crypt, which never has Mosquitto's 88 characters of padded Base64.
 */
interface SaltedSha512 {
  readonly salt: Buffer;
  readonly hash: Buffer;
}

const HASH_BYTES = 64;

export const mosquittoSha512Format: HashFormat<SaltedSha512> = {
  name: 'mosquitto-sha512',
  matches: (hash) => hash.startsWith('$6$'),
  read(text) {
    const [, , saltText, hashText, ...more] = text.split('$');
    const salt = readPaddedBase64(saltText ?? '');
    const hash = readPaddedBase64(hashText ?? '');
    if (!text.startsWith('$6$') || !salt?.length || hash?.length !== HASH_BYTES || more.length > 0) {
      return 'not of the form $6$salt$hash as mosquitto_passwd writes it';
    }
    return problemOfLengths(salt, hash) ?? { salt, hash };
  },
};

export const mosquittoSha512Scheme: HashScheme = hashScheme(
  mosquittoSha512Format,
  false,
  (stored, password) =>
    equalBytes(createHash('sha512').update(password).update(stored.salt).digest(), stored.hash),
);

export const mosquittoPbkdf2Format: HashFormat<Pbkdf2Hash> = {
  name: 'mosquitto-pbkdf2',
  matches: (hash) => hash.startsWith('$7$'),
  read(text) {
    const [, , iterations, saltText, hashText, ...more] = text.split('$');
    const salt = readPaddedBase64(saltText ?? '');
    const hash = readPaddedBase64(hashText ?? '');
    if (!text.startsWith('$7$') || !salt?.length || hash?.length !== HASH_BYTES || more.length > 0) {
      return 'not of the form $7$iterations$salt$hash as mosquitto_passwd writes it';
    }
    return boundedPbkdf2('sha512', readInteger(iterations), salt, hash);
  },
};

export const mosquittoPbkdf2Scheme: HashScheme = hashScheme(mosquittoPbkdf2Format, true, checkPbkdf2);
