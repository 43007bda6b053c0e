import type { CallLimits, OutgoingConnections } from '../../../util/outgoing-call.ts';
import {
  type Expiring,
  type ExpiryStore,
  listExpiring,
  type WatchedAuthority,
  watchedAuthorities,
} from './expiring.ts';
import type { ExpiryConfig } from './expiry-settings.ts';
import { DAY_MS, keyOf, NOTICE_DAYS, type Notice, noticeId, noticeOf, type SentNotices } from './notice.ts';
import { sendNotices } from './send-notices.ts';

/** How many things of a kind end within so many days, by `<kind> <days>`; what ends within 1 counts within 30 too. */
type ExpiringCounts = ReadonlyMap<string, number>;

export interface ExpiryFigures {
  /** Of the last whole check; `undefined` before there was one. */
  readonly counts: ExpiringCounts | undefined;
  /** When that was, in epoch milliseconds. */
  readonly checkedTime: number | undefined;
  readonly noticesSent: number;
  readonly sendingFailures: number;
}

export interface ExpiryWatchParts {
  readonly config: ExpiryConfig;
  /** Opened when first asked for. */
  readonly store: () => Promise<{
    readonly expiry: ExpiryStore;
    readonly expiryNotices: SentNotices;
  }>;
  /** Those of the file of client authorities, as they are now. */
  readonly configured: () => readonly Omit<WatchedAuthority, 'usedBy'>[];
  readonly connections: OutgoingConnections;
  /** Told of what goes wrong; it is tried again. */
  readonly onError: (error: unknown) => void;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Of one message. */
  readonly bounds?: CallLimits;
  /** Until the first check; the start of a server is busy enough. */
  readonly firstCheckMs?: number;
}

const PAGE = 500;
/** In one message. */
const MOST_NOTICES = 100;
/** For how long a notice is taken on; much longer than sending may take. */
const CLAIM_MS = 5 * 60_000;
const FIRST_CHECK_MS = 5_000;
/** After a check that failed the next one comes sooner, at first after this. */
const SOONEST_RETRY_MS = 60_000;

/**
 * Looks from time to time what runs out: counts it, and tells the configured receiver of it, each thing once at each number of
 * days. One process of a server does this; of several replicas each does, and the database says who tells.
 */
export class ExpiryWatch {
  readonly #parts: ExpiryWatchParts;
  readonly #stopping = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #checking: Promise<unknown> = Promise.resolve();
  #failures = 0;
  #figures: ExpiryFigures = {
    counts: undefined,
    checkedTime: undefined,
    noticesSent: 0,
    sendingFailures: 0,
  };

  constructor(parts: ExpiryWatchParts) {
    this.#parts = parts;
  }

  get figures(): ExpiryFigures {
    return this.#figures;
  }

  start(): void {
    this.#checkIn(this.#parts.firstCheckMs ?? FIRST_CHECK_MS);
  }

  /** Ends what is under way; a notice that is being sent is left for the next check, here or elsewhere. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#stopping.abort();
    await this.#checking;
  }

  /**
   * Counts what runs out, and sends what is to be told.
   * @returns false where it has to be done again soon: the database or the receiver failed.
   */
  async check(): Promise<boolean> {
    try {
      return await this.#check();
    } catch (error) {
      if (!this.#stopping.signal.aborted) this.#parts.onError(error);
      return false;
    }
  }

  #checkIn(ms: number): void {
    this.#timer = setTimeout(() => {
      this.#checking = this.check().then((whole) => {
        if (this.#stopping.signal.aborted) return;
        const { checkEveryMs } = this.#parts.config;
        this.#failures = whole ? 0 : this.#failures + 1;
        this.#checkIn(
          whole ? checkEveryMs : Math.min(SOONEST_RETRY_MS * 2 ** (this.#failures - 1), checkEveryMs),
        );
      });
    }, ms);
    this.#timer.unref();
  }

  async #check(): Promise<boolean> {
    const { store, configured, config, now } = this.#parts;
    const { expiry, expiryNotices } = await store();
    await expiry.recordMissingValidities();
    const authorities = await watchedAuthorities(expiry, configured());
    const from = now();
    const until = from + (NOTICE_DAYS[0] * DAY_MS + 1);
    const counts = noCounts();
    let reached = true;
    for (let after: Expiring | undefined; ; ) {
      const page = await listExpiring(expiry, authorities, { from, until, after, limit: PAGE });
      if (this.#stopping.signal.aborted) return false;
      const notices: Notice[] = [];
      for (const one of page) {
        if (one.replaced) continue;
        count(counts, one, from);
        const notice = noticeOf(one, from);
        if (notice !== undefined) notices.push(notice);
      }
      // A receiver that is away is not asked again before the next check; the counting goes on.
      if (config.webhook !== undefined && reached) reached = await this.#tell(expiryNotices, notices);
      after = page.at(-1);
      if (page.length < PAGE) break;
    }
    await expiryNotices.prune(from - DAY_MS);
    this.#figures = { ...this.#figures, counts, checkedTime: from };
    return reached;
  }

  /** @returns false where the receiver did not take them. */
  async #tell(repository: SentNotices, notices: readonly Notice[]): Promise<boolean> {
    const unsent = new Set((await repository.unsent(notices.map(keyOf))).map(noticeId));
    const due = notices.filter((notice) => unsent.has(noticeId(keyOf(notice))));
    for (let at = 0; at < due.length; at += MOST_NOTICES) {
      if (!(await this.#send(repository, due.slice(at, at + MOST_NOTICES)))) return false;
    }
    return true;
  }

  async #send(repository: SentNotices, notices: readonly Notice[]): Promise<boolean> {
    const { config, connections, now, bounds, onError } = this.#parts;
    const { webhook } = config;
    if (webhook === undefined) return true;
    const claimed = await repository.claim(notices.map(keyOf), now(), now() + CLAIM_MS);
    const names = new Set(claimed.map(noticeId));
    const own = notices.filter((notice) => names.has(noticeId(keyOf(notice))));
    if (own.length === 0) return true;
    try {
      const options = { stopping: this.#stopping.signal, ...(bounds === undefined ? {} : { bounds }) };
      await sendNotices(connections, webhook, own, now(), options);
    } catch (error) {
      this.#figures = { ...this.#figures, sendingFailures: this.#figures.sendingFailures + 1 };
      await repository.release(claimed);
      if (!this.#stopping.signal.aborted) onError(error);
      return false;
    }
    await repository.sent(claimed, now());
    this.#figures = { ...this.#figures, noticesSent: this.#figures.noticesSent + own.length };
    return true;
  }
}

const KINDS: readonly Expiring['kind'][] = ['credentials', 'secret', 'certificate', 'authority'];

function noCounts(): Map<string, number> {
  return new Map(KINDS.flatMap((kind) => NOTICE_DAYS.map((days) => [`${kind} ${days}`, 0] as const)));
}

function count(counts: Map<string, number>, { kind, endsAt }: Expiring, now: number): void {
  for (const days of NOTICE_DAYS) {
    const key = `${kind} ${days}`;
    if (endsAt - now <= days * DAY_MS) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
}
