import type { NewSecret } from '../../model/device.ts';
import type { ScramKeys } from '../../model/scram-keys.ts';
import type { SecretSchemes } from './secret-schemes.ts';
import { scramKeysOf } from './stored-scram.ts';

/**
 * Hashes a password for storage.
 * @param made whether `secrets/generate.ts` generated the password. A chosen one can be guessed and needs a slow
 *   hash.
 * @throws {ThingPassError} `hashing_queue_full` if too many hashes wait.
 */
export type KeepPassword = (password: string, made: boolean) => Promise<NewSecret>;

/**
 * Creates the function that hashes passwords: slowly if chosen, fast if generated.
 * @param scramIterations iterations of the SCRAM keys stored in addition; 0 stores none. These cost an attacker
 *   less than the slow hash.
 */
export function createKeepPassword(
  secrets: Pick<SecretSchemes, 'hashChosen' | 'hashGenerated' | 'scramKeys'>,
  scramIterations = 0,
): KeepPassword {
  return async (password, made) => ({
    hash: made ? secrets.hashGenerated(password) : await secrets.hashChosen(password),
    scramKeys: await scramKeysFor(password, scramIterations, secrets.scramKeys),
  });
}

/** Derives SCRAM keys. Returns none for passwords that SASLprep forbids, because no client could prove these. */
export async function scramKeysFor(
  password: string,
  iterations: number,
  derive: SecretSchemes['scramKeys'],
): Promise<ScramKeys[] | undefined> {
  if (iterations === 0) return undefined;
  try {
    return await scramKeysOf(password, iterations, derive);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
