/** What can stand in an {@link EntryList}, in one at a time. */
export interface Listed {
  readonly weight: number;
  /** Set by its user. */
  isUsed: boolean;
  older: this | undefined;
  newer: this | undefined;
}

/**
 * Entries in the order in which they came, up to a weight: what is over goes, the oldest first, but for those that were used
 * since they came or were last spared (the second chance of page replacement). A use costs one mark, and moves nothing.
 */
export class EntryList<Entry extends Listed> {
  readonly #capacity: number;
  #oldest: Entry | undefined;
  #newest: Entry | undefined;
  #weight = 0;
  #size = 0;

  /** @param capacity what all entries together may weigh; one stays in any case. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#size;
  }

  add(entry: Entry): void {
    entry.older = this.#newest;
    entry.newer = undefined;
    if (this.#newest === undefined) this.#oldest = entry;
    else this.#newest.newer = entry;
    this.#newest = entry;
    this.#weight += entry.weight;
    this.#size++;
  }

  remove(entry: Entry): void {
    if (entry.older === undefined) this.#oldest = entry.newer;
    else entry.older.newer = entry.newer;
    if (entry.newer === undefined) this.#newest = entry.older;
    else entry.newer.older = entry.older;
    entry.older = undefined;
    entry.newer = undefined;
    this.#weight -= entry.weight;
    this.#size--;
  }

  /** @returns an entry that was over the weight and is removed, or `undefined` where nothing is over it. */
  takeSurplus(): Entry | undefined {
    while (this.#weight > this.#capacity && this.#size > 1) {
      const oldest = this.#oldest as Entry;
      this.remove(oldest);
      if (!oldest.isUsed) return oldest;
      oldest.isUsed = false;
      this.add(oldest);
    }
    return undefined;
  }
}
