import type { ScramAlgorithm, ScramKeys } from '../../model/scram-keys.ts';
import { DEFAULT_SCRAM_ITERATIONS, deriveScramKeys, SCRAM_HASH_BYTES } from './scram.ts';

/** Both algorithms that brokers support. The password's owner need not know which one is configured. */
const SCRAM_ALGORITHMS: readonly ScramAlgorithm[] = ['sha256', 'sha512'];

/**
 * Derives the keys that are stored with a password in `credentials_secret.scram_keys`, for brokers with any of the
 * algorithms.
 * @param derive for example `SecretSchemes.scramKeys`, which queues. Default: at once.
 * @throws {RangeError} as `deriveScramKeys`.
 */
export function scramKeysOf(
  password: string,
  iterations: number = DEFAULT_SCRAM_ITERATIONS,
  derive: typeof deriveScramKeys = deriveScramKeys,
): Promise<ScramKeys[]> {
  return Promise.all(SCRAM_ALGORITHMS.map((algorithm) => derive(password, { algorithm, iterations })));
}

/**
 * Reads the parsed JSON of `credentials_secret.scram_keys`. Entries that EMQX would treat as an error are skipped:
 * those of an unknown algorithm, and those that are not hex of the right length.
 */
export function readScramKeys(value: unknown): ScramKeys[] {
  return Array.isArray(value) ? value.filter(isScramKeys) : [];
}

function isScramKeys(value: unknown): value is ScramKeys {
  if (typeof value !== 'object' || value === null) return false;
  const { algorithm, iterations, salt, storedKey, serverKey } = value as Record<keyof ScramKeys, unknown>;
  const known = SCRAM_ALGORITHMS.find((one) => one === algorithm);
  if (known === undefined || !Number.isSafeInteger(iterations)) return false;
  const bytes = SCRAM_HASH_BYTES[known];
  return isHex(storedKey, bytes) && isHex(serverKey, bytes) && isHex(salt);
}

function isHex(value: unknown, bytes?: number): boolean {
  if (typeof value !== 'string' || !/^(?:[0-9a-f]{2})+$/.test(value)) return false;
  return bytes === undefined || value.length === 2 * bytes;
}
