/**
 * A map with a bounded total weight that drops the least recently used entries, approximately. It keeps two
 * generations; when the younger one is full, the older one is dropped. The order is not exact, but a hit costs one
 * lookup and moves nothing. Entries used at least once per generation stay.
 *
 * A flood of new keys pushes out all entries that are not used meanwhile. If strangers choose some keys, these need
 * a separate map from the keys that must stay.
 */
export class BoundedMap<Key, Value extends NonNullable<unknown> | null> {
  readonly #generationWeight: number;
  readonly #weightOf: (value: Value, key: Key) => number;
  #young = new Map<Key, Value>();
  #old = new Map<Key, Value>();
  #youngWeight = 0;

  /**
   * @param capacity maximum weight of both generations together.
   * @param weightOf the weight of an entry, constant for each entry. Default: 1.
   */
  constructor(capacity: number, weightOf: (value: Value, key: Key) => number = () => 1) {
    this.#generationWeight = Math.max(1, Math.floor(capacity / 2));
    this.#weightOf = weightOf;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(key: Key): Value | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  /** Returns the value for a key. If there is none, `make` creates it. */
  getOrMake(key: Key, make: (key: Key) => Value): Value {
    const known = this.get(key);
    if (known !== undefined) return known;
    const made = make(key);
    this.set(key, made);
    return made;
  }

  set(key: Key, value: Value): void {
    this.delete(key);
    const weight = this.#weightOf(value, key);
    if (this.#youngWeight > 0 && this.#youngWeight + weight > this.#generationWeight) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#youngWeight = 0;
    }
    this.#young.set(key, value);
    this.#youngWeight += weight;
  }

  /** @returns whether the entry existed. */
  delete(key: Key): boolean {
    const young = this.#young.get(key);
    if (young === undefined) return this.#old.delete(key);
    this.#youngWeight -= this.#weightOf(young, key);
    return this.#young.delete(key);
  }

  clear(): void {
    this.#young.clear();
    this.#old.clear();
    this.#youngWeight = 0;
  }

  *[Symbol.iterator](): Generator<[Key, Value]> {
    yield* this.#young;
    yield* this.#old;
  }
}
