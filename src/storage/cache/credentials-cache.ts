import type { CredentialsRecord, CredentialsStore } from '../../engine/credentials/credentials-record.ts';
import { ThingPassError } from '../../model/errors.ts';
import type { Change, ChangeListener } from '../change-feed/change.ts';
import { isOutage } from '../reading/credentials-reader.ts';
import { Entries, type Entry, isTombstone } from './entries.ts';
import { type LoadBatch, LoadBatches, type LoadResult } from './load-batches.ts';

export interface CacheOptions {
  /** Records to keep, of ordinary size. */
  readonly size: number;
  /** Misses of strangers to keep. */
  readonly missing: number;
  /** What was loaded is believed for so long, less a fifth at random so that what came together does not go together. */
  readonly believedMs: number;
  /** What is known is believed only while the news are at most so old; `Infinity` where there are none to rely on. */
  readonly maxFeedAgeMs: number;
  /** What is known is used for so long after the database was last heard of, while it cannot be asked. */
  readonly staleWindowMs: number;
  readonly now?: () => number;
}

/** Counted since the start. */
export interface CacheStatistics {
  readonly known: number;
  readonly asked: number;
  readonly records: number;
}

export type Found = ReadonlyMap<string, CredentialsRecord>;

/** How often a question is asked again because a change overtook the load. */
const TRIES = 4;
/** While the database is down, one question in so many milliseconds tries whether it still is; all others do not wait. */
const RETRY_MS = 250;

/**
 * Credentials that are known already, and what may be said of them now.
 *
 * It trades memory and a bounded lateness for speed: a hit touches no database, and is obeyed until news of a change arrive
 * (`newsMs` at the latest; when they stop arriving every question is asked of the database). Expiry is there for what no
 * news tell of. While the database cannot be asked, what was known last stands for `staleWindowMs`, except what news
 * already revoked.
 */
export class CredentialsCache implements CredentialsStore, ChangeListener {
  readonly #options: CacheOptions;
  readonly #now: () => number;
  readonly #entries: Entries;
  readonly #flights: LoadBatches;
  #known = 0;
  #asked = 0;
  #believedUntil: number;
  #lastContact: number;
  /** What the database said last, if that was no answer; `undefined` while it answers. */
  #outage: { readonly error: unknown; retryAt: number } | undefined;

  constructor(store: CredentialsStore, options: CacheOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#entries = new Entries(options.size, options.missing);
    this.#flights = new LoadBatches(store, this.#now, (batch, landed) => this.#keep(batch, landed));
    this.#lastContact = this.#now();
    this.#believedUntil = options.maxFeedAgeMs === Number.POSITIVE_INFINITY ? options.maxFeedAgeMs : 0;
  }

  /** How often everything asked for was known, how often not, and for how many credentials ids records are kept. */
  get statistics(): CacheStatistics {
    return { known: this.#known, asked: this.#asked, records: this.#entries.size };
  }

  /** Whether questions get answers, news arrive, and how long ago the database was heard of last. */
  get state(): { readonly answers: boolean; readonly news: boolean; readonly silentMs: number } {
    const now = this.#now();
    return {
      answers: this.#outage === undefined,
      news: now < this.#believedUntil,
      silentMs: now - this.#lastContact,
    };
  }

  /** Answers at once where everything is known. */
  findByCredentialsIds(ids: readonly string[]): Found | Promise<Found> {
    const now = this.#now();
    const found = new Map<string, CredentialsRecord>();
    for (const id of ids) {
      const entry = this.#believed(id, now);
      if (entry === undefined) {
        this.#asked++;
        return this.#ask(ids, now);
      }
      if (entry.record !== undefined) found.set(id, entry.record);
    }
    this.#known++;
    return found;
  }

  onChange(changes: readonly Change[], asOf: number): void {
    const devices = new Set<string>();
    for (const change of changes) {
      if (change.kind === 'devices') for (const id of change.ids) devices.add(id);
      else this.#apply(change);
    }
    if (devices.size > 0) this.#applyDevices(devices);
    if (asOf > this.#lastContact) this.#lastContact = asOf;
    const until = asOf + this.#options.maxFeedAgeMs;
    if (until > this.#believedUntil) this.#believedUntil = until;
  }

  onGap(): void {
    this.#entries.doubtAll();
    this.#flights.discardAll();
  }

  /** Once for all of them: it takes a walk through everything. Any of them may have new ids, which were missing so far. */
  #applyDevices(ids: ReadonlySet<string>): void {
    this.#entries.forgetDevices(ids);
    this.#entries.forgetMisses();
    this.#flights.discardAll();
  }

  #apply(change: Exclude<Change, { kind: 'devices' }>): void {
    switch (change.kind) {
      case 'changed':
      case 'gone':
        for (const id of change.ids) {
          if (change.kind === 'gone') this.#entries.bury(id);
          else this.#entries.forget(id);
          this.#flights.discard(id);
        }
        break;
      case 'profile':
        this.#entries.forgetProfile(change.id);
        this.#flights.discardAll();
        break;
      case 'misses':
        this.#entries.forgetMisses();
        this.#flights.discardAll();
        break;
      case 'everything':
        this.onGap();
        break;
      case 'table':
        break;
    }
  }

  #believed(id: string, now: number): Entry | undefined {
    if (now >= this.#believedUntil) return undefined;
    const entry = this.#entries.get(id);
    return entry !== undefined && this.#entries.isBelieved(entry, now) ? entry : undefined;
  }

  #ask(ids: readonly string[], now: number): Found | Promise<Found> {
    const outage = this.#outage;
    if (outage === undefined) return this.#load(ids);
    const known = this.#knownWhileDown(ids, now);
    if (now >= outage.retryAt) {
      outage.retryAt = now + RETRY_MS;
      const trial = this.#load(ids);
      if (known === undefined) return trial;
      trial.catch(() => undefined);
    }
    return known ?? Promise.reject(this.#cannotSay(ids, outage.error));
  }

  async #load(ids: readonly string[]): Promise<Found> {
    for (let attempt = 1; ; attempt++) {
      const now = this.#now();
      const found = new Map<string, CredentialsRecord>();
      const unknown: string[] = [];
      for (const id of ids) {
        const entry = this.#believed(id, now);
        if (entry === undefined) unknown.push(id);
        else if (entry.record !== undefined) found.set(id, entry.record);
      }
      const batches = this.#flights.join(unknown, found.size > 0);
      let overtaken = false;
      try {
        for (const [at, id] of unknown.entries()) {
          const batch = batches[at] as LoadBatch;
          const landed = await batch.result;
          if (landed.failures?.has(id)) throw landed.failures.get(id);
          const record = landed.found.get(id);
          if (record !== undefined) found.set(id, record);
          if (!batch.isGood(id)) overtaken = true;
        }
      } catch (error) {
        return this.#failed(ids, error);
      }
      // Changes that never cease leave the latest answer, which nobody keeps.
      if (!overtaken || attempt === TRIES) return found;
    }
  }

  #keep(batch: LoadBatch, { found, failures }: LoadResult): void {
    this.#outage = undefined;
    if (batch.startedAt > this.#lastContact) this.#lastContact = batch.startedAt;
    for (const { ids, besideKnown } of batch.waiters) {
      const besideFound = besideKnown || ids.some((id) => found.has(id));
      for (const id of ids) {
        if (!batch.isGood(id) || failures?.has(id)) continue;
        const expiresAt = batch.startedAt + this.#options.believedMs * (1 - Math.random() / 5);
        this.#entries.put(id, found.get(id), besideFound, expiresAt);
      }
    }
  }

  #failed(ids: readonly string[], error: unknown): Found {
    const now = this.#now();
    if (isOutage(error)) this.#outage = { error, retryAt: now + RETRY_MS };
    if (!isOutage(error)) throw error;
    const known = this.#knownWhileDown(ids, now);
    if (known === undefined) throw this.#cannotSay(ids, error);
    return known;
  }

  /**
   * What may be said of ids while the database cannot be asked, or nothing: what leads to a device, and that it was revoked.
   * An id that was never asked for counts as absent next to one that leads to a device: a device that takes another client id
   * each time is asked for under an id that is new each time, and a client that knows its user name and password could have taken
   * any. What was only absent may be there by now.
   */
  #knownWhileDown(ids: readonly string[], now: number): Found | undefined {
    if (now - this.#lastContact > this.#options.staleWindowMs) return undefined;
    const found = new Map<string, CredentialsRecord>();
    let unknown = false;
    let revoked = false;
    for (const id of ids) {
      const entry = this.#entries.get(id);
      if (entry === undefined) unknown = true;
      else if (entry.record !== undefined) found.set(id, entry.record);
      else if (isTombstone(entry)) revoked = true;
    }
    return found.size > 0 || (revoked && !unknown) ? found : undefined;
  }

  #cannotSay(ids: readonly string[], error: unknown): unknown {
    const inTime = this.#now() - this.#lastContact <= this.#options.staleWindowMs;
    return inTime && ids.every((id) => this.#entries.get(id) !== undefined)
      ? new ThingPassError('known_absent', undefined, undefined, { cause: error })
      : error;
  }
}
