import type { ScramKeys } from '../../model/scram-keys.ts';
import {
  type Argon2idCost,
  argon2idScheme,
  hashWithArgon2id,
  isArgon2idAtLeast,
  problemOfArgon2idCost,
} from './argon2id.ts';
import { bcryptScheme } from './bcrypt.ts';
import { emqxDigestScheme, emqxPbkdf2Scheme } from './emqx-password.ts';
import { type GeneratedKind, generate } from './generate.ts';
import { generatedFormat, generatedScheme, hashGenerated } from './generated-secret.ts';
import { createHashWorkers, type HashWorkers } from './hash-workers.ts';
import { createHashingQueue, type HashingQueue } from './hashing-queue.ts';
import { mosquittoPbkdf2Scheme, mosquittoSha512Scheme } from './mosquitto-password.ts';
import { pbkdf2Scheme } from './pbkdf2.ts';
import type { HashScheme, SecretScheme } from './scheme.ts';
import { deriveScramKeys, type ScramOptions } from './scram.ts';
import {
  DEFAULT_SCRYPT_COST,
  hashWithScrypt,
  isScryptAtLeast,
  problemOfScryptCost,
  type ScryptCost,
  scryptScheme,
} from './scrypt.ts';
import { createVerificationCache, type VerificationCache } from './verification-cache.ts';

/** How chosen passwords are hashed from now on. Other hashes are upgraded at the next good login. */
export type ChosenHash =
  | ({ readonly scheme: 'scrypt' } & ScryptCost)
  | ({ readonly scheme: 'argon2id' } & Argon2idCost);

export interface SecretSchemesOptions {
  readonly queue?: HashingQueue;
  readonly cache?: VerificationCache;
  readonly workers?: HashWorkers;
  readonly chosen?: ChosenHash;
}

export interface SecretSchemes {
  /** For `verifySecret`. A slow `verify` rejects with `hashing_queue_full` if the queue is full. */
  readonly schemes: readonly SecretScheme[];
  readonly queue: HashingQueue;
  readonly cache: VerificationCache;
  /**
   * Whether the next good login should store a new hash: true for everything except ThingPass's two formats at the
   * current cost.
   */
  needsUpgrade(hash: string): boolean;
  /**
   * Hashes a chosen password.
   * @returns the text to store.
   * @throws {ThingPassError} `hashing_queue_full`, {RangeError} for an empty password.
   */
  hashChosen(password: string): Promise<string>;
  /** As `hashChosen`, for an upgrade that can wait for another login: `undefined` while other hashes are computed. */
  hashChosenWhenIdle(password: string): Promise<string> | undefined;
  generate(kind: GeneratedKind): string;
  hashGenerated(secret: string): string;
  /** @throws {ThingPassError} `hashing_queue_full`, {RangeError} as `deriveScramKeys`. */
  scramKeys(password: string, options: ScramOptions): Promise<ScramKeys>;
  close(): Promise<void>;
}

/**
 * Creates everything that verifies and hashes stored secrets.
 * @throws {RangeError} if `chosen` costs more than a check may.
 */
export function createSecretSchemes({
  queue = createHashingQueue(),
  cache = createVerificationCache(),
  workers = createHashWorkers(),
  chosen = { scheme: 'scrypt', ...DEFAULT_SCRYPT_COST },
}: SecretSchemesOptions = {}): SecretSchemes {
  const costProblem =
    chosen.scheme === 'scrypt' ? problemOfScryptCost(chosen) : problemOfArgon2idCost(chosen);
  if (costProblem !== undefined) throw new RangeError(costProblem);

  const hash = (password: string) =>
    chosen.scheme === 'scrypt'
      ? hashWithScrypt(password, chosen)
      : hashWithArgon2id(workers, password, chosen);

  return {
    schemes: [
      generatedScheme,
      scryptScheme,
      argon2idScheme(workers),
      bcryptScheme(workers),
      pbkdf2Scheme,
      mosquittoSha512Scheme,
      mosquittoPbkdf2Scheme,
      emqxDigestScheme,
      emqxPbkdf2Scheme,
    ].map((scheme) => (scheme.slow ? cachedScheme(scheme, queue, cache) : scheme)),
    queue,
    cache,
    needsUpgrade(stored) {
      if (generatedFormat.matches(stored)) return false;
      return !(chosen.scheme === 'scrypt'
        ? isScryptAtLeast(stored, chosen)
        : isArgon2idAtLeast(stored, chosen));
    },
    async hashChosen(password) {
      refuseEmpty(password);
      return queue.run(() => hash(password));
    },
    hashChosenWhenIdle(password) {
      refuseEmpty(password);
      return queue.runWhenIdle(() => hash(password));
    },
    generate,
    hashGenerated,
    scramKeys: (password, options) => queue.run(() => deriveScramKeys(password, options)),
    close: () => workers.close(),
  };
}

/**
 * Wraps a slow scheme with the queue and the cache of earlier results. Equal verifications at the same time share
 * one hash.
 */
function cachedScheme(scheme: HashScheme, queue: HashingQueue, cache: VerificationCache): SecretScheme {
  const pending = new Map<string, Promise<boolean>>();
  return {
    name: scheme.name,
    matches: (hash) => scheme.matches(hash),
    verify(hash, password) {
      if (password === '' || scheme.problemOf(hash) !== undefined) return false;
      const cached = cache.get(hash, password);
      if (cached !== undefined) return cached;
      const key = `${hash.length}:${hash}${password}`;
      const verification = pending.get(key) ?? verifyQueued(hash, password);
      if (!pending.has(key)) {
        pending.set(key, verification);
        const forget = () => pending.delete(key);
        verification.then(forget, forget);
      }
      return verification;
    },
  };

  async function verifyQueued(hash: string, password: string): Promise<boolean> {
    const verified = await queue.run(() => scheme.verify(hash, password));
    cache.set(hash, password, verified);
    return verified;
  }
}

function refuseEmpty(password: string): void {
  if (password === '') throw new RangeError('the password is empty');
}
