import type { ThrottleLimits } from '../../config/throttle-settings.ts';
import type { ProcessGroup } from '../process-group/group.ts';
import { type Blocked, type BlockedFilter, FailureBook } from './failure-book.ts';
import type { Failures } from './failures.ts';
import type { ThrottleKey } from './keys.ts';

/** A change as processes tell it: until when the key is blocked, 0 for only counted, nothing for not counted any more. */
export type Change = readonly [key: ThrottleKey, until: number | undefined];

export interface BlockedKeysUpdate {
  /** One more each time, so that a process notices when it missed some. */
  readonly number: number;
  readonly changes: readonly Change[];
  /** Clients that are not well known any more. */
  readonly strangers: readonly string[];
}

/** Everything that is counted, up to the news of this number. */
export type CountedState = Pick<BlockedKeysUpdate, 'number' | 'changes'>;

/** A login that failed: under what it is counted, and the client where it is one that may be known. */
export interface FailedLogin {
  readonly keys: readonly ThrottleKey[];
  readonly client?: string | undefined;
}

/**
 * Changes are sent to all processes together, at most this late: a message for each of many guesses is more than they
 * can take. A block is told at once where none was told just before.
 */
export const TOLD_WITHIN_MS = 10;

/** Counts for all processes of a server what each of them reports, and tells them all what is counted and blocked by now. */
export class FailureCount {
  readonly #crew: ProcessGroup;
  readonly #now: () => number;
  readonly #book: FailureBook;
  #changes = new Map<ThrottleKey, number | undefined>();
  #strangers: string[] = [];
  #telling: NodeJS.Timeout | undefined;
  #isUrgent = false;
  #blockToldAt = Number.NEGATIVE_INFINITY;
  /** Of the last news. */
  #number = 0;

  /** @param now epoch milliseconds. */
  constructor(limits: ThrottleLimits, processes: ProcessGroup, now: () => number) {
    this.#crew = processes;
    this.#now = now;
    this.#book = new FailureBook(limits, (key, failures) => this.#changed(key, failures));
    processes.handle('throttle.failed', (login: FailedLogin) => this.#failed(login));
    processes.handle('throttle.succeeded', (keys: readonly ThrottleKey[]) => {
      for (const key of keys) this.#book.forget(key);
      this.#tellSoon();
    });
    processes.handle('throttle.state', () => this.#state());
  }

  close(): void {
    clearTimeout(this.#telling);
  }

  list(filter: BlockedFilter): readonly Blocked[] {
    return this.#book.blocked(this.#now(), filter);
  }

  /** Ends blocks. @returns how many. */
  clear(filter: BlockedFilter): number {
    const cleared = this.#book.clear(this.#now(), filter);
    this.#tell();
    return cleared;
  }

  #failed({ keys, client }: FailedLogin): void {
    if (client !== undefined) this.#strangers.push(client);
    for (const key of keys) this.#book.failed(key, this.#now());
    this.#tellSoon();
  }

  #state(): CountedState {
    const changes = [...this.#book.entries()].map(([key, { blockedUntil }]): Change => [key, blockedUntil]);
    return { number: this.#number, changes };
  }

  #changed(key: ThrottleKey, failures: Failures | undefined): void {
    this.#changes.set(key, failures?.blockedUntil);
    if (failures !== undefined && failures.blockedUntil > 0) this.#isUrgent = true;
  }

  #tellSoon(): void {
    const isEarly = performance.now() - this.#blockToldAt < TOLD_WITHIN_MS;
    if (this.#crew.role === 'single' || (this.#isUrgent && !isEarly)) this.#tell();
    else this.#telling ??= setTimeout(() => this.#tell(), TOLD_WITHIN_MS).unref();
  }

  #tell(): void {
    clearTimeout(this.#telling);
    this.#telling = undefined;
    if (this.#isUrgent) this.#blockToldAt = performance.now();
    this.#isUrgent = false;
    if (this.#changes.size === 0 && this.#strangers.length === 0) return;
    const news: BlockedKeysUpdate = {
      number: ++this.#number,
      changes: [...this.#changes],
      strangers: this.#strangers,
    };
    this.#changes = new Map();
    this.#strangers = [];
    this.#crew.broadcast('throttle.news', news);
  }
}
