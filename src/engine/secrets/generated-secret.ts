import { createHmac, randomBytes } from 'node:crypto';
import { readPhc, writePhc } from './phc.ts';
import { equalBytes, type HashFormat, type HashScheme, hashScheme } from './scheme.ts';

/**
 * Secrets that ThingPass makes itself have more than 119 bits of randomness, so nobody can try them all however fast
 * the hash is: a slow one would only slow down the fleet. The salt keeps equal secrets from looking equal.
 *
 * Stored as `$hmac-sha256$<salt>$<HMAC-SHA-256 with the salt as key>` (RFC 2104), salt of 16 bytes.
 */
interface GeneratedHash {
  readonly salt: Buffer;
  readonly hash: Buffer;
}

const PREFIX = '$hmac-sha256$';
const SALT_BYTES = 16;

export const generatedFormat: HashFormat<GeneratedHash> = {
  name: 'hmac-sha256',
  matches: (hash) => hash.startsWith(PREFIX),
  read(text) {
    const phc = readPhc(text);
    if (phc?.id !== 'hmac-sha256' || phc.version !== undefined || phc.parameters.size > 0) {
      return 'not of the form $hmac-sha256$salt$hash';
    }
    if (phc.salt.length !== SALT_BYTES || phc.hash.length !== 32) return 'salt or hash has the wrong length';
    return { salt: phc.salt, hash: phc.hash };
  },
};

export const generatedScheme: HashScheme = hashScheme(generatedFormat, false, (stored, password) =>
  equalBytes(mac(stored.salt, password), stored.hash),
);

/**
 * The text to store for a secret out of `generate.ts`. Never for a password that somebody chose: those can be guessed,
 * and this hash lets an attacker guess billions a second.
 * @throws {RangeError} for an empty secret.
 */
export function hashGenerated(secret: string): string {
  if (secret === '') throw new RangeError('an empty secret is none');
  const salt = randomBytes(SALT_BYTES);
  return writePhc(PREFIX.slice(0, -1), salt, mac(salt, Buffer.from(secret, 'utf8')));
}

function mac(salt: Buffer, secret: Buffer): Buffer {
  return createHmac('sha256', salt).update(secret).digest();
}
