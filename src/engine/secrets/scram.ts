import { createHash, createHmac, pbkdf2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import type { ScramAlgorithm, ScramKeys } from '../../model/scram-keys.ts';
import { saslPrep } from './saslprep.ts';

export interface ScramOptions {
  readonly algorithm: ScramAlgorithm;
  /** Must be the broker's: EMQX does not take it from the answer. */
  readonly iterations?: number;
  /** Fresh and random when left out. */
  readonly salt?: Uint8Array;
}

/** EMQX's default, and RFC 7677's minimum. */
export const DEFAULT_SCRAM_ITERATIONS = 4096;

const MAXIMUM_ITERATIONS = 1_000_000;
export const SCRAM_SALT_BYTES = 16;
export const SCRAM_HASH_BYTES = { sha256: 32, sha512: 64 } as const;

const derive = promisify(pbkdf2);

/**
 * The keys of a password, hashed on the thread pool. Section numbers are RFC 5802's.
 * @throws {RangeError} for iterations out of bounds, an empty password, or one that SASLprep forbids.
 */
export async function deriveScramKeys(password: string, options: ScramOptions): Promise<ScramKeys> {
  const { algorithm, iterations = DEFAULT_SCRAM_ITERATIONS, salt = randomBytes(SCRAM_SALT_BYTES) } = options;
  if (!Number.isInteger(iterations) || iterations < 1 || iterations > MAXIMUM_ITERATIONS) {
    throw new RangeError(`SCRAM iterations must be between 1 and ${MAXIMUM_ITERATIONS}`);
  }
  if (password === '') throw new RangeError('an empty password has no SCRAM keys');
  // Hi() of section 2.2 is PBKDF2 with HMAC and one block of output.
  const salted = await derive(saslPrep(password), salt, iterations, SCRAM_HASH_BYTES[algorithm], algorithm);
  const clientKey = createHmac(algorithm, salted).update('Client Key').digest();
  return {
    algorithm,
    iterations,
    salt: Buffer.from(salt).toString('hex'),
    storedKey: createHash(algorithm).update(clientKey).digest('hex'),
    serverKey: createHmac(algorithm, salted).update('Server Key').digest('hex'),
  };
}
