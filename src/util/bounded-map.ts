/**
 * A map that holds so much and no more, and forgets what was not used for longest, roughly: it keeps two generations, and when
 * the younger is full, the older one is dropped whole. That gives up the exact order for a hit that costs one lookup and
 * moves nothing; what is used at least once per generation stays.
 *
 * A flood of keys pushes out everything that is not used meanwhile. Where strangers choose the keys, they belong into a map
 * apart from the keys that must stay.
 */
export class BoundedMap<Key, Value extends NonNullable<unknown> | null> {
  readonly #generationWeight: number;
  readonly #weightOf: (value: Value, key: Key) => number;
  #young = new Map<Key, Value>();
  #old = new Map<Key, Value>();
  #youngWeight = 0;

  /**
   * @param capacity what both generations may weigh together.
   * @param weightOf what an entry weighs, the same each time it is asked; one where it is left out.
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

  /** The value that is kept for a key, or the one that `make` returns, which is kept from then on. */
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

  /** @returns whether there was one. */
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
