import { createHmac, randomBytes } from 'node:crypto';
import { BoundedMap } from '../../util/bounded-map.ts';

export interface VerificationCacheOptions {
  /** Maximum of matching passwords, about 150 bytes each. */
  readonly maximum?: number;
  /**
   * Maximum of wrong passwords. They are stored separately, so that guessing does not displace the fleet's matching
   * ones.
   */
  readonly maximumWrong?: number;
}

export interface VerificationCache {
  /** @returns whether the password matched this stored hash; `undefined` if that is not cached. */
  get(hash: string, password: string): boolean | undefined;
  set(hash: string, password: string, verified: boolean): void;
  clear(): void;
  readonly size: number;
}

/**
 * Caches the results of slow hashes, so that a reconnect does not compute them again.
 *
 * Whether a password matches a stored hash never changes, so entries do not expire: a rotated secret has another
 * hash and therefore another key, and revoked hashes are not looked up. The key is HMAC-SHA-256 under a random key
 * of this process: a memory dump contains no fast hash of a password that could be attacked without that key, and
 * the time of a lookup reveals nothing about the password. A lookup costs some microseconds per login.
 */
export function createVerificationCache({
  maximum = 100_000,
  maximumWrong = 10_000,
}: VerificationCacheOptions = {}): VerificationCache {
  const secret = randomBytes(32);
  const good = new BoundedMap<string, true>(maximum);
  const wrong = new BoundedMap<string, true>(maximumWrong);

  function key(hash: string, password: string): string {
    // The length distinguishes ("ab", "c") from ("a", "bc").
    return createHmac('sha256', secret).update(`${hash.length}:${hash}${password}`, 'utf8').digest('base64');
  }

  return {
    get size() {
      return good.size + wrong.size;
    },
    get(hash, password) {
      const cacheKey = key(hash, password);
      if (good.get(cacheKey)) return true;
      return wrong.get(cacheKey) ? false : undefined;
    },
    set(hash, password, verified) {
      (verified ? good : wrong).set(key(hash, password), true);
    },
    clear() {
      good.clear();
      wrong.clear();
    },
  };
}
