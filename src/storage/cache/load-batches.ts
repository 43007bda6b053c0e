import type { CredentialsRecord, CredentialsStore } from '../../engine/credentials/credentials-record.ts';
import { isOutage } from '../reading/credentials-reader.ts';

/** What a load brought. */
export interface LoadResult {
  readonly found: ReadonlyMap<string, CredentialsRecord>;
  /** What went wrong with single ids, while the others could be read. */
  readonly failures?: ReadonlyMap<string, unknown> | undefined;
}

/** The ids that one question put on a load. */
export interface Waiter {
  readonly ids: readonly string[];
  /** Another id of the question was known, and led to a record. */
  readonly besideKnown: boolean;
}

/** One load: of all ids that were asked for in one turn of the event loop. */
export class LoadBatch {
  readonly ids: string[] = [];
  readonly waiters: Waiter[] = [];
  readonly result: Promise<LoadResult>;
  /** When it took off; of no meaning before. */
  startedAt = 0;
  #land: (landed: LoadResult | Promise<LoadResult>) => void = () => undefined;
  #discarded: Set<string> | undefined;

  constructor() {
    this.result = new Promise((resolve) => {
      this.#land = resolve;
    });
    // Those who wait for it hear of a failure; perhaps nobody waits any more.
    this.result.catch(() => undefined);
  }

  land(landed: Promise<LoadResult>): void {
    this.#land(landed);
  }

  /** What this load says of the id is not to be used: it may be from before a change that was heard since. */
  discard(id: string): void {
    this.#discarded ??= new Set();
    this.#discarded.add(id);
  }

  isGood(id: string): boolean {
    return this.#discarded === undefined || !this.#discarded.has(id);
  }
}

/** The most ids of one load; the rest goes into the next one. */
const LARGEST_LOAD = 512;

/**
 * Loads: one for all that is asked in one turn of the event loop, and one per id: others who ask for it wait for the same load.
 * A load that began before a change was heard may have read what was before it, so it is thrown away for the ids concerned:
 * nobody joins it any more, and those who wait for it ask again.
 */
export class LoadBatches {
  readonly #store: CredentialsStore;
  readonly #now: () => number;
  readonly #onResult: (batch: LoadBatch, landed: LoadResult) => void;
  readonly #byId = new Map<string, LoadBatch>();
  #open: LoadBatch | undefined;

  /**
   * @param onLanded told of each load that brought an answer, before those who wait for it and before any further change is
   * heard: what is kept of it must be kept then.
   */
  constructor(
    store: CredentialsStore,
    now: () => number,
    onLanded: (batch: LoadBatch, landed: LoadResult) => void,
  ) {
    this.#store = store;
    this.#now = now;
    this.#onResult = onLanded;
  }

  /** For each id of a question the load that is under way, or else one that is about to be. */
  join(ids: readonly string[], besideKnown: boolean): LoadBatch[] {
    const party = ids.filter((id) => !this.#byId.has(id));
    if (party.length > 0) {
      const batch = this.#next();
      batch.waiters.push({ ids: party, besideKnown });
      for (const id of party) {
        batch.ids.push(id);
        this.#byId.set(id, batch);
      }
    }
    return ids.map((id) => this.#byId.get(id) as LoadBatch);
  }

  #next(): LoadBatch {
    const boarding = this.#open;
    if (boarding !== undefined && boarding.ids.length < LARGEST_LOAD) return boarding;
    const next = new LoadBatch();
    // setImmediate runs after this turn's requests have been read, so all of them are on it.
    setImmediate(() => this.#start(next));
    this.#open = next;
    return next;
  }

  discard(id: string): void {
    this.#byId.get(id)?.discard(id);
    this.#byId.delete(id);
  }

  discardAll(): void {
    for (const [id, batch] of this.#byId) batch.discard(id);
    this.#byId.clear();
  }

  #start(batch: LoadBatch): void {
    if (this.#open === batch) this.#open = undefined;
    batch.startedAt = this.#now();
    batch.land(
      this.#load(batch.ids).then(
        (landed) => {
          this.#end(batch);
          this.#onResult(batch, landed);
          return landed;
        },
        (error) => {
          this.#end(batch);
          throw error;
        },
      ),
    );
  }

  /** A load that fails over what it holds is done again for each id, so that one bad key cannot refuse its neighbours. */
  async #load(ids: readonly string[]): Promise<LoadResult> {
    try {
      return { found: await this.#store.findByCredentialsIds(ids) };
    } catch (error) {
      if (ids.length === 1 || isOutage(error)) throw error;
    }
    const found = new Map<string, CredentialsRecord>();
    const failures = new Map<string, unknown>();
    await Promise.all(
      ids.map(async (id) => {
        try {
          for (const [key, record] of await this.#store.findByCredentialsIds([id])) found.set(key, record);
        } catch (error) {
          // Another outage than what was wrong before is everybody's.
          if (isOutage(error)) throw error;
          failures.set(id, error);
        }
      }),
    );
    return { found, failures };
  }

  #end(batch: LoadBatch): void {
    for (const id of batch.ids) if (this.#byId.get(id) === batch) this.#byId.delete(id);
  }
}
