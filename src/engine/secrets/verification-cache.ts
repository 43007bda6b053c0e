import { createHmac, randomBytes } from 'node:crypto';
import { BoundedMap } from '../../util/bounded-map.ts';

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
  const good = new BoundedMap<string, true>(maximum);
  const wrong = new BoundedMap<string, true>(maximumWrong);

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
      if (good.get(wanted)) return true;
      return wrong.get(wanted) ? false : undefined;
    },
    remember(hash, password, verified) {
      (verified ? good : wrong).set(key(hash, password), true);
    },
    clear() {
      good.clear();
      wrong.clear();
    },
  };
}
