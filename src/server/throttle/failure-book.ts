import type { ThrottleKind, ThrottleLimits } from '../../config/throttle-settings.ts';
import { afterFailure, type Failures, isBlocked, isForgotten } from './failures.ts';
import { partsOf, type ThrottleKey } from './keys.ts';

/** What is blocked at the moment; times in epoch milliseconds. */
export interface Blocked {
  readonly by: ThrottleKind;
  /** An address or network, a client id, or the short hash of a token or user name that the log has. */
  readonly value: string;
  readonly failures: number;
  readonly lastFailure: number;
  readonly until: number;
}

/** Which blocks are meant: all, all of a kind, or one. */
export interface BlockedFilter {
  readonly by?: ThrottleKind | undefined;
  readonly value?: string | undefined;
}

/** Some 200 bytes each. */
const MOST_KEPT = 100_000;
/** What is passed over in search of something to forget that is not blocked. */
const MOST_PASSED_OVER = 100;

/** Counts failed logins in bounded memory; there is one for all processes of a server. */
export class FailureBook {
  readonly #limits: ThrottleLimits;
  readonly #mostKept: number;
  /** What failed last stands last. */
  readonly #failures = new Map<ThrottleKey, Failures>();
  readonly #changed: (key: ThrottleKey, failures: Failures | undefined) => void;

  /** @param changed is told of every change, with nothing for what is not counted any more. */
  constructor(
    limits: ThrottleLimits,
    changed: (key: ThrottleKey, failures: Failures | undefined) => void,
    mostKept = MOST_KEPT,
  ) {
    this.#limits = limits;
    this.#changed = changed;
    this.#mostKept = mostKept;
  }

  failed(key: ThrottleKey, now: number): void {
    const after = afterFailure(this.#failures.get(key), now, this.#limits);
    this.#failures.delete(key);
    this.#makeRoom(now);
    this.#failures.set(key, after);
    this.#changed(key, after);
  }

  /** After a good login, or when somebody says so. */
  forget(key: ThrottleKey): boolean {
    if (!this.#failures.delete(key)) return false;
    this.#changed(key, undefined);
    return true;
  }

  /** Everything that is counted. */
  entries(): IterableIterator<[ThrottleKey, Failures]> {
    return this.#failures.entries();
  }

  /** What is blocked, that with the latest end first. */
  blocked(now: number, filter: BlockedFilter = {}): Blocked[] {
    return [...this.#failures]
      .filter(([key, failures]) => isBlocked(failures, now) && fits(key, filter))
      .map(([key, { count, lastAt, blockedUntil }]) => ({
        ...partsOf(key),
        failures: count,
        lastFailure: lastAt,
        until: blockedUntil,
      }))
      .sort((one, other) => other.until - one.until);
  }

  /** Ends blocks, and forgets the failures that led to them. @returns how many. */
  clear(now: number, filter: BlockedFilter): number {
    const keys = [...this.#failures]
      .filter(([key, failures]) => isBlocked(failures, now) && fits(key, filter))
      .map(([key]) => key);
    for (const key of keys) this.forget(key);
    return keys.length;
  }

  #makeRoom(now: number): void {
    for (const [key, failures] of this.#failures) {
      if (!isForgotten(failures, now)) break;
      this.forget(key);
    }
    if (this.#failures.size < this.#mostKept) return;
    let passedOver = 0;
    let victim: ThrottleKey | undefined;
    for (const [key, failures] of this.#failures) {
      victim ??= key;
      if (isBlocked(failures, now) && ++passedOver < MOST_PASSED_OVER) continue;
      if (!isBlocked(failures, now)) victim = key;
      break;
    }
    if (victim !== undefined) this.forget(victim);
  }
}

function fits(key: ThrottleKey, { by, value }: BlockedFilter): boolean {
  const parts = partsOf(key);
  return (by === undefined || by === parts.by) && (value === undefined || value === parts.value);
}
