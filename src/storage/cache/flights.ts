import type { CredentialsRecord, CredentialsStore } from '../../credentials/record.ts';

/** One load that is under way. */
export class Flight {
  readonly startedAt: number;
  readonly ids: readonly string[];
  readonly landed: Promise<ReadonlyMap<string, CredentialsRecord>>;
  readonly #thrownAway = new Set<string>();

  constructor(
    startedAt: number,
    ids: readonly string[],
    landed: Promise<ReadonlyMap<string, CredentialsRecord>>,
  ) {
    this.startedAt = startedAt;
    this.ids = ids;
    this.landed = landed;
  }

  /** What this load says of the id is not to be used: it may be from before a change that was heard since. */
  throwAway(id: string): void {
    this.#thrownAway.add(id);
  }

  isGood(id: string): boolean {
    return !this.#thrownAway.has(id);
  }
}

/**
 * Loads that are under way: one per id, whoever else asks for it waits for the same. A load that began before a change was
 * heard may have read what was before it, so it is thrown away for the ids concerned: nobody joins it any more, and those who
 * wait for it ask again.
 */
export class Flights {
  readonly #store: CredentialsStore;
  readonly #now: () => number;
  readonly #byId = new Map<string, Flight>();

  constructor(store: CredentialsStore, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  /** The load that is under way for this id. */
  of(id: string): Flight | undefined {
    return this.#byId.get(id);
  }

  /** Starts loading ids, none of which is under way. */
  start(ids: readonly string[]): Flight {
    const startedAt = this.#now();
    const flight = new Flight(startedAt, ids, Promise.resolve(this.#store.findByCredentialsIds(ids)));
    for (const id of ids) this.#byId.set(id, flight);
    const end = (): void => this.#end(flight);
    flight.landed.then(end, end);
    return flight;
  }

  throwAway(id: string): void {
    this.#byId.get(id)?.throwAway(id);
    this.#byId.delete(id);
  }

  throwAwayAll(): void {
    for (const [id, flight] of this.#byId) flight.throwAway(id);
    this.#byId.clear();
  }

  #end(flight: Flight): void {
    for (const id of flight.ids) if (this.#byId.get(id) === flight) this.#byId.delete(id);
  }
}
