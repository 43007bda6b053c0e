import type { NewSecret } from '../../model/device.ts';
import type { ScramKeys } from '../../model/scram-keys.ts';
import type { SecretSchemes } from './secret-schemes.ts';
import { scramKeysOf } from './stored-scram.ts';

/**
 * Turns a password into what is stored of it.
 * @param made whether it came out of `secrets/generate.ts`: a chosen one can be guessed, and needs a slow hash.
 * @throws {ThingPassError} `hashing_queue_full` when too many others wait.
 */
export type KeepPassword = (password: string, made: boolean) => Promise<NewSecret>;

/**
 * What is stored of passwords: a slow hash of one that somebody chose, a fast one of one that was made.
 * @param scramIterations with SCRAM keys of so many iterations beside it; 0: none. They cost an attacker less than the slow hash.
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

/** None for passwords that SASLprep forbids: no client could prove those. */
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
