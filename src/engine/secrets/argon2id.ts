import { randomBytes } from 'node:crypto';
import { readInteger } from './encodings.ts';
import type { HashWorkers } from './hash-workers.ts';
import { readPhc, writePhc } from './phc.ts';
import { equalBytes, type HashFormat, type HashScheme, hashScheme, problemOfLengths } from './scheme.ts';

/** The cost of Argon2id (RFC 9106 section 3.1). */
export interface Argon2idCost {
  /** KiB. */
  readonly memory: number;
  readonly iterations: number;
  readonly parallelism: number;
}

interface Argon2idHash {
  readonly cost: Argon2idCost;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

/**
 * OWASP's setting with the least memory per login of at least 12 MiB. Mosquitto uses another one (46 MiB, 1 pass).
 */
export const DEFAULT_ARGON2ID_COST: Argon2idCost = Object.freeze({
  memory: 19_456,
  iterations: 2,
  parallelism: 1,
});

/** Limits of one check; RFC 9106's second recommended setting (64 MiB, 3 passes) is below them. */
const MAXIMUM_MEMORY = 131_072;
const MAXIMUM_WORK = 524_288;
const MAXIMUM_PARALLELISM = 16;
const SALT_BYTES = 16;
const HASH_BYTES = 32;

/** `$argon2id$v=19$m=4096,t=3,p=2$salt$hash`, as written by go-auth, Mosquitto 2.1 and others. */
export const argon2idFormat: HashFormat<Argon2idHash> = {
  name: 'argon2id',
  matches: (hash) => hash.startsWith('$argon2id$'),
  read(text) {
    const phc = readPhc(text);
    const cost = readCost(phc?.parameters);
    // Version 16 is another function (RFC 9106 describes 19, 0x13), and a missing version means 16.
    if (phc?.id !== 'argon2id' || phc.version !== '19' || cost === undefined) {
      return 'not of the form $argon2id$v=19$m=..,t=..,p=..$salt$hash';
    }
    if (phc.salt.length < 8) return 'the salt is shorter than 8 bytes';
    const wrong = problemOfArgon2idCost(cost) ?? problemOfLengths(phc.salt, phc.hash);
    return wrong ?? { cost, salt: phc.salt, hash: phc.hash };
  },
};

/** @param workers compute it, because Node's thread pool has no Argon2 before Node 24. */
export function argon2idScheme(workers: HashWorkers): HashScheme {
  return hashScheme(argon2idFormat, true, async ({ cost, salt, hash }, password) => {
    const length = hash.length;
    return equalBytes(await workers.run({ kind: 'argon2id', password, salt, ...cost, length }), hash);
  });
}

/**
 * Hashes a password.
 * @returns the text to store.
 */
export async function hashWithArgon2id(
  workers: HashWorkers,
  password: string,
  cost: Argon2idCost = DEFAULT_ARGON2ID_COST,
): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const bytes = Buffer.from(password, 'utf8');
  const hash = await workers.run({ kind: 'argon2id', password: bytes, salt, ...cost, length: HASH_BYTES });
  const { memory, iterations, parallelism } = cost;
  return writePhc(`$argon2id$v=19$m=${memory},t=${iterations},p=${parallelism}`, salt, hash);
}

/** @returns why a cost cannot be used, in settings and stored hashes; `undefined` if it can. */
export function problemOfArgon2idCost({ memory, iterations, parallelism }: Argon2idCost): string | undefined {
  if (iterations < 1 || parallelism < 1 || parallelism > MAXIMUM_PARALLELISM) {
    return `argon2id needs at least one pass and 1 to ${MAXIMUM_PARALLELISM} lanes`;
  }
  // RFC 9106 section 3.1: at least 8·p KiB.
  if (memory < 8 * parallelism) return 'argon2id needs 8 KiB of memory for each lane';
  if (memory > MAXIMUM_MEMORY) return 'argon2id would take more than 128 MiB';
  if (memory * iterations > MAXIMUM_WORK) return `argon2id would fill more than ${MAXIMUM_WORK} KiB`;
  return undefined;
}

/** Whether the hash costs at least as much as `wanted`, in memory and in time. */
export function isArgon2idAtLeast(hash: string, wanted: Argon2idCost): boolean {
  const stored = argon2idFormat.read(hash);
  if (typeof stored === 'string') return false;
  const { memory, iterations } = stored.cost;
  return memory >= wanted.memory && memory * iterations >= wanted.memory * wanted.iterations;
}

function readCost(parameters: ReadonlyMap<string, string> | undefined): Argon2idCost | undefined {
  const memory = readInteger(parameters?.get('m'));
  const iterations = readInteger(parameters?.get('t'));
  const parallelism = readInteger(parameters?.get('p'));
  const known = memory !== undefined && iterations !== undefined && parallelism !== undefined;
  return known && parameters?.size === 3 ? { memory, iterations, parallelism } : undefined;
}
