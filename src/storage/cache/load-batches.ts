import type { CredentialsRecord, CredentialsStore } from '../../engine/credentials/record.ts';
import { isOutage } from '../reading/credentials-reader.ts';

/** What a load brought. */
export interface Landed {
  readonly found: ReadonlyMap<string, CredentialsRecord>;
  /** What went wrong with single ids, while the others could be read. */
  readonly failures?: ReadonlyMap<string, unknown> | undefined;
}

/** The ids that one question put on a load. */
export interface Party {
  readonly ids: readonly string[];
  /** Another id of the question was known, and led to a record. */
  readonly besideKnown: boolean;
}

/** One load: of all ids that were asked for in one turn of the event loop. */
export class Flight {
  readonly ids: string[] = [];
  readonly parties: Party[] = [];
  readonly landed: Promise<Landed>;
  /** When it took off; of no meaning before. */
  startedAt = 0;
  #land: (landed: Landed | Promise<Landed>) => void = () => undefined;
  #thrownAway: Set<string> | undefined;

  constructor() {
    this.landed = new Promise((resolve) => {
      this.#land = resolve;
    });
    // Whoever waits for it hears of a failure; perhaps nobody does any more.
    this.landed.catch(() => undefined);
  }

  land(landed: Promise<Landed>): void {
    this.#land(landed);
  }

  /** What this load says of the id is not to be used: it may be from before a change that was heard since. */
  throwAway(id: string): void {
    this.#thrownAway ??= new Set();
    this.#thrownAway.add(id);
  }

  isGood(id: string): boolean {
    return this.#thrownAway === undefined || !this.#thrownAway.has(id);
  }
}

/** So many ids go into one load at the most; what is over goes into the next one. */
const LARGEST_LOAD = 512;

/**
 * Loads: one for all that is asked in one turn of the event loop, and one per id, whoever else asks for it waits for the same.
 * A load that began before a change was heard may have read what was before it, so it is thrown away for the ids concerned:
 * nobody joins it any more, and those who wait for it ask again.
 */
export class Flights {
  readonly #store: CredentialsStore;
  readonly #now: () => number;
  readonly #onLanded: (flight: Flight, landed: Landed) => void;
  readonly #byId = new Map<string, Flight>();
  #boarding: Flight | undefined;

  /**
   * @param onLanded told of each load that brought an answer, before those who wait for it and before any further change is
   * heard: what is kept of it must be kept then.
   */
  constructor(
    store: CredentialsStore,
    now: () => number,
    onLanded: (flight: Flight, landed: Landed) => void,
  ) {
    this.#store = store;
    this.#now = now;
    this.#onLanded = onLanded;
  }

  /** For each id of a question the load that is under way, or else one that is about to be. */
  board(ids: readonly string[], besideKnown: boolean): Flight[] {
    const party = ids.filter((id) => !this.#byId.has(id));
    if (party.length > 0) {
      const flight = this.#next();
      flight.parties.push({ ids: party, besideKnown });
      for (const id of party) {
        flight.ids.push(id);
        this.#byId.set(id, flight);
      }
    }
    return ids.map((id) => this.#byId.get(id) as Flight);
  }

  #next(): Flight {
    const boarding = this.#boarding;
    if (boarding !== undefined && boarding.ids.length < LARGEST_LOAD) return boarding;
    const next = new Flight();
    // setImmediate runs after this turn's requests have been read, so all of them are on it.
    setImmediate(() => this.#takeOff(next));
    this.#boarding = next;
    return next;
  }

  throwAway(id: string): void {
    this.#byId.get(id)?.throwAway(id);
    this.#byId.delete(id);
  }

  throwAwayAll(): void {
    for (const [id, flight] of this.#byId) flight.throwAway(id);
    this.#byId.clear();
  }

  #takeOff(flight: Flight): void {
    if (this.#boarding === flight) this.#boarding = undefined;
    flight.startedAt = this.#now();
    flight.land(
      this.#load(flight.ids).then(
        (landed) => {
          this.#end(flight);
          this.#onLanded(flight, landed);
          return landed;
        },
        (error) => {
          this.#end(flight);
          throw error;
        },
      ),
    );
  }

  /** A load that fails over what it holds is done again for each id, so that one bad key cannot refuse its neighbours. */
  async #load(ids: readonly string[]): Promise<Landed> {
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

  #end(flight: Flight): void {
    for (const id of flight.ids) if (this.#byId.get(id) === flight) this.#byId.delete(id);
  }
}
