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

/** How chosen passwords are stored from now on; older hashes are brought there at their next good login. */
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
  /** For `verifySecret`. A slow `verify` rejects with `hashing_queue_full` where there is no room for it. */
  readonly schemes: readonly SecretScheme[];
  readonly queue: HashingQueue;
  readonly cache: VerificationCache;
  /** Whether the next good login should store the password anew: anything but our own two forms at today's cost. */
  needsUpgrade(hash: string): boolean;
  /**
   * The text to store for a password that somebody chose.
   * @throws {ThingPassError} `hashing_queue_full`, {RangeError} for an empty password.
   */
  hashChosen(password: string): Promise<string>;
  /** The same for an upgrade, which can wait for another login: `undefined` while other hashes are under way. */
  hashChosenWhenIdle(password: string): Promise<string> | undefined;
  generate(kind: GeneratedKind): string;
  hashGenerated(secret: string): string;
  /** @throws {ThingPassError} `hashing_queue_full`, {RangeError} as `deriveScramKeys`. */
  scramKeys(password: string, options: ScramOptions): Promise<ScramKeys>;
  close(): Promise<void>;
}

/**
 * Everything about stored secrets behind one door.
 * @throws {RangeError} when `chosen` costs more than a check may.
 */
export function createSecretSchemes({
  queue = createHashingQueue(),
  cache = createVerificationCache(),
  workers = createHashWorkers(),
  chosen = { scheme: 'scrypt', ...DEFAULT_SCRYPT_COST },
}: SecretSchemesOptions = {}): SecretSchemes {
  const tooMuch = chosen.scheme === 'scrypt' ? problemOfScryptCost(chosen) : problemOfArgon2idCost(chosen);
  if (tooMuch !== undefined) throw new RangeError(tooMuch);

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
    ].map((scheme) => (scheme.slow ? remembered(scheme, queue, cache) : scheme)),
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

/** A slow scheme behind the queue and the memory of earlier answers; equal questions under way share one hash. */
function remembered(scheme: HashScheme, queue: HashingQueue, cache: VerificationCache): SecretScheme {
  const underWay = new Map<string, Promise<boolean>>();
  return {
    name: scheme.name,
    matches: (hash) => scheme.matches(hash),
    verify(hash, password) {
      if (password === '' || scheme.problemOf(hash) !== undefined) return false;
      const known = cache.recall(hash, password);
      if (known !== undefined) return known;
      const question = `${hash.length}:${hash}${password}`;
      const asked = underWay.get(question) ?? ask(hash, password);
      if (!underWay.has(question)) {
        underWay.set(question, asked);
        const forget = () => underWay.delete(question);
        asked.then(forget, forget);
      }
      return asked;
    },
  };

  async function ask(hash: string, password: string): Promise<boolean> {
    const verified = await queue.run(() => scheme.verify(hash, password));
    cache.remember(hash, password, verified);
    return verified;
  }
}

function refuseEmpty(password: string): void {
  if (password === '') throw new RangeError('an empty password protects nothing');
}
