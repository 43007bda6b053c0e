import { createHash, createHmac, pbkdf2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import type { ScramAlgorithm, ScramKeys } from '../../model/scram-keys.ts';

export interface ScramOptions {
  readonly algorithm: ScramAlgorithm;
  /** Must equal the broker's setting: EMQX does not take it from the answer. */
  readonly iterations?: number;
  /** Default: random. */
  readonly salt?: Uint8Array;
}

/** EMQX's default and RFC 7677's minimum. */
export const DEFAULT_SCRAM_ITERATIONS = 4096;

const MAXIMUM_ITERATIONS = 1_000_000;
export const SCRAM_SALT_BYTES = 16;
export const SCRAM_HASH_BYTES = { sha256: 32, sha512: 64 } as const;

const derive = promisify(pbkdf2);

/**
 * Derives a password's SCRAM keys on the thread pool. Section numbers are RFC 5802's.
 * @throws {RangeError} for iterations out of bounds, an empty password, or one that SASLprep forbids.
 */
export async function deriveScramKeys(password: string, options: ScramOptions): Promise<ScramKeys> {
  const { algorithm, iterations = DEFAULT_SCRAM_ITERATIONS, salt = randomBytes(SCRAM_SALT_BYTES) } = options;
  if (!Number.isInteger(iterations) || iterations < 1 || iterations > MAXIMUM_ITERATIONS) {
    throw new RangeError(`SCRAM iterations must be between 1 and ${MAXIMUM_ITERATIONS}`);
  }
  if (password === '') throw new RangeError('an empty password has no SCRAM keys');
  // Hi() of section 2.2 is PBKDF2 with HMAC and one block of output.
  const salted = await derive(
    await saslPrep(password),
    salt,
    iterations,
    SCRAM_HASH_BYTES[algorithm],
    algorithm,
  );
  const clientKey = createHmac(algorithm, salted).update('Client Key').digest();
  return {
    algorithm,
    iterations,
    salt: Buffer.from(salt).toString('hex'),
    storedKey: createHash(algorithm).update(clientKey).digest('hex'),
    serverKey: createHmac(algorithm, salted).update('Server Key').digest('hex'),
  };
}

/**
 * Applies SASLprep (RFC 4013), so that the same characters give the same key on any keyboard. Code points
 * unassigned in Unicode 3.2 (section 2.5) are accepted, as clients do.
 *
 * The library's tables take longer to load than the rest of a login. ASCII passwords, which SASLprep does not
 * change, skip it.
 * @throws {RangeError} for characters that section 2.3 or 2.4 forbids, and for a text of which nothing remains.
 */
async function saslPrep(password: string): Promise<string> {
  if (/^[\x20-\x7e]*$/.test(password)) return password;
  const { default: prepare } = await import('@mongodb-js/saslprep');
  try {
    return prepare(password, { allowUnassigned: true });
  } catch (error) {
    throw new RangeError(
      'the password contains characters, or an order of characters, that SASLprep forbids',
      {
        cause: error,
      },
    );
  }
}
