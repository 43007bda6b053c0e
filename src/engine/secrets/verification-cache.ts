import { createHmac, randomBytes } from 'node:crypto';

export interface VerificationCacheOptions {
  /** Good passwords to remember: about 150 bytes each. */
  readonly maximum?: number;
  /** Wrong ones, apart, so that guessing does not push the fleet's good ones out. */
  readonly maximumWrong?: number;
}

export interface VerificationCache {
  /** @returns whether the password verified against this stored hash; `undefined` when that is not known. */
  recall(hash: string, password: string): boolean | undefined;
  remember(hash: string, password: string, verified: boolean): void;
  clear(): void;
  readonly size: number;
}

/**
 * What earlier checks of slow hashes said, so that a reconnect does not pay again.
 *
 * Whether a password fits a stored hash never changes, so nothing expires: a rotated secret has another hash text and
 * with it another key, and what must no longer be used is not asked for. The key is HMAC-SHA-256 under a random key of
 * this process: a dump of the memory holds no fast hash of a password that could be attacked without that key, and the
 * time of a lookup tells nothing about the password. It costs some microseconds per login.
 */
export function createVerificationCache({
  maximum = 100_000,
  maximumWrong = 10_000,
}: VerificationCacheOptions = {}): VerificationCache {
  const secret = randomBytes(32);
  const good = new RecentKeys(maximum);
  const wrong = new RecentKeys(maximumWrong);

  function key(hash: string, password: string): string {
    // The length keeps ("ab", "c") and ("a", "bc") apart.
    return createHmac('sha256', secret).update(`${hash.length}:${hash}${password}`, 'utf8').digest('base64');
  }

  return {
    get size() {
      return good.size + wrong.size;
    },
    recall(hash, password) {
      const wanted = key(hash, password);
      if (good.touch(wanted)) return true;
      return wrong.touch(wanted) ? false : undefined;
    },
    remember(hash, password, verified) {
      (verified ? good : wrong).add(key(hash, password));
    },
    clear() {
      good.clear();
      wrong.clear();
    },
  };
}

/** A set that forgets what was not used for longest. */
class RecentKeys {
  private readonly maximum: number;
  private readonly keys = new Set<string>();

  constructor(maximum: number) {
    this.maximum = maximum;
  }

  get size(): number {
    return this.keys.size;
  }

  touch(key: string): boolean {
    if (!this.keys.delete(key)) return false;
    this.keys.add(key);
    return true;
  }

  add(key: string): void {
    if (this.maximum < 1) return;
    this.keys.delete(key);
    this.keys.add(key);
    // A Set iterates in the order of insertion: the first is the oldest.
    if (this.keys.size > this.maximum) this.keys.delete(this.keys.values().next().value as string);
  }

  clear(): void {
    this.keys.clear();
  }
}
