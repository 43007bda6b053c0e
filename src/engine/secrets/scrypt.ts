import { randomBytes, scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import { readInteger } from './encodings.ts';
import { readPhc, writePhc } from './phc.ts';
import { equalBytes, type HashFormat, type HashScheme, hashScheme } from './scheme.ts';

/** The cost of scrypt (RFC 7914 section 2). Memory is 128·2^ln·r bytes; the time grows with 2^ln·r·p. */
export interface ScryptCost {
  /** Base-2 logarithm of N. */
  readonly ln: number;
  readonly r: number;
  readonly p: number;
}

interface ScryptHash {
  readonly cost: ScryptCost;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

/** One of the equally strong settings in OWASP's Password Storage Cheat Sheet; 32 MiB. */
export const DEFAULT_SCRYPT_COST: ScryptCost = Object.freeze({ ln: 15, r: 8, p: 3 });

/** Limits of one check: OWASP's largest setting (N = 2^17, r = 8) is below them, even with twice its time. */
const MAXIMUM_MEMORY = 128 * 2 ** 20;
const MAXIMUM_WORK = 2 ** 21;
const HASH_BYTES = 32;
const SALT_BYTES = 16;

const derive = promisify<Buffer, Buffer, number, object, Buffer>(scrypt);

/** `$scrypt$ln=15,r=8,p=3$salt$hash`, as passlib also writes it. */
export const scryptFormat: HashFormat<ScryptHash> = {
  name: 'scrypt',
  matches: (hash) => hash.startsWith('$scrypt$'),
  read(text) {
    const phc = readPhc(text);
    const cost = readCost(phc?.parameters);
    if (phc?.id !== 'scrypt' || phc.version !== undefined || cost === undefined) {
      return 'not of the form $scrypt$ln=..,r=..,p=..$salt$hash';
    }
    const costProblem = problemOfScryptCost(cost);
    if (costProblem !== undefined) return costProblem;
    if (phc.hash.length !== HASH_BYTES || phc.salt.length > 64) return 'salt or hash has the wrong length';
    return { cost, salt: phc.salt, hash: phc.hash };
  },
};

export const scryptScheme: HashScheme = hashScheme(scryptFormat, true, async (stored, password) =>
  equalBytes(await run(password, stored.salt, stored.cost), stored.hash),
);

/**
 * Hashes a password on the thread pool.
 * @returns the text to store.
 */
export async function hashWithScrypt(
  password: string,
  cost: ScryptCost = DEFAULT_SCRYPT_COST,
): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await run(Buffer.from(password, 'utf8'), salt, cost);
  return writePhc(`$scrypt$ln=${cost.ln},r=${cost.r},p=${cost.p}`, salt, hash);
}

/** @returns why a cost cannot be used, in settings and stored hashes; `undefined` if it can. */
export function problemOfScryptCost({ ln, r, p }: ScryptCost): string | undefined {
  if (ln < 1 || r < 1 || p < 1) return 'scrypt parameters must be positive';
  if (ln > 30 || 128 * 2 ** ln * r > MAXIMUM_MEMORY) return 'scrypt would take more than 128 MiB';
  if (2 ** ln * r * p > MAXIMUM_WORK) return `scrypt would take more than ${MAXIMUM_WORK} block mixes`;
  return undefined;
}

/** Whether the hash costs at least as much as `wanted`, in memory and in time. */
export function isScryptAtLeast(hash: string, wanted: ScryptCost): boolean {
  const stored = scryptFormat.read(hash);
  if (typeof stored === 'string') return false;
  const { ln, r, p } = stored.cost;
  return 2 ** ln * r >= 2 ** wanted.ln * wanted.r && 2 ** ln * r * p >= 2 ** wanted.ln * wanted.r * wanted.p;
}

function readCost(parameters: ReadonlyMap<string, string> | undefined): ScryptCost | undefined {
  const ln = readInteger(parameters?.get('ln'));
  const r = readInteger(parameters?.get('r'));
  const p = readInteger(parameters?.get('p'));
  const known = ln !== undefined && r !== undefined && p !== undefined;
  return known && parameters?.size === 3 ? { ln, r, p } : undefined;
}

function run(password: Buffer, salt: Buffer, { ln, r, p }: ScryptCost): Promise<Buffer> {
  // OpenSSL adds 128·p·r bytes to the size of the table.
  const maxmem = 128 * r * (2 ** ln + p + 2);
  return derive(password, salt, HASH_BYTES, { N: 2 ** ln, r, p, maxmem });
}
