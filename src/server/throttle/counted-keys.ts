import type { ProcessGroup } from '../process-group/group.ts';
import type { BlockedKeysUpdate, Change, CountedState } from './failure-count.ts';
import type { ThrottleKey } from './keys.ts';

/** One process's copy of what is counted and blocked, so that a login asks nobody. */
export class CountedKeys {
  readonly #crew: ProcessGroup;
  readonly #blocked = new Map<ThrottleKey, number>();
  readonly #counted = new Set<ThrottleKey>();
  /** Of the last news, in a worker. */
  #number = 0;
  #asking: Promise<void> | undefined;

  constructor(processes: ProcessGroup) {
    this.#crew = processes;
  }

  /** Whether anything may be blocked. */
  get anyBlocked(): boolean {
    return this.#blocked.size > 0;
  }

  get anyCounted(): boolean {
    return this.#counted.size > 0;
  }

  isBlocked(key: ThrottleKey, now: number): boolean {
    const until = this.#blocked.get(key);
    if (until === undefined) return false;
    if (until > now) return true;
    this.#blocked.delete(key);
    return false;
  }

  /** What is blocked at the moment. */
  *blocked(now: number): Generator<ThrottleKey> {
    for (const key of this.#blocked.keys()) if (this.isBlocked(key, now)) yield key;
  }

  /** Counted from now on, before the primary says so. */
  count(key: ThrottleKey): void {
    this.#counted.add(key);
  }

  /** @returns whether it was counted. */
  forget(key: ThrottleKey): boolean {
    return this.#counted.delete(key);
  }

  /** Asks the primary for all of it: in a worker that starts, or that was told nothing of some. */
  async load(): Promise<void> {
    const { number, changes } = await this.#crew.askPrimary<CountedState>('throttle.state', undefined);
    this.#blocked.clear();
    this.#counted.clear();
    this.#apply(changes);
    this.#number = number;
  }

  hear({ number, changes }: BlockedKeysUpdate): void {
    this.#apply(changes);
    if (this.#crew.role !== 'worker') return;
    // News are dropped where a worker is far behind. While it cannot be asked what was missed, each further one asks again.
    if (number === this.#number + 1) this.#number = number;
    else
      this.#asking ??= this.load()
        .catch(() => undefined)
        .finally(() => {
          this.#asking = undefined;
        });
  }

  #apply(changes: readonly Change[]): void {
    for (const [key, until] of changes) {
      if (until === undefined) this.#counted.delete(key);
      else this.#counted.add(key);
      if (until === undefined || until === 0) this.#blocked.delete(key);
      else this.#blocked.set(key, until);
    }
  }
}
