/**
 * A map that holds so much and no more, and forgets what was not used for longest, roughly: it keeps two generations, and when
 * the younger is full the older one is dropped whole. That gives up the exact order for a hit that costs one lookup and
 * moves nothing; what is used at least once per generation stays.
 */
export class BoundedMap<Value extends { readonly weight: number }> {
  readonly #generationWeight: number;
  #young = new Map<string, Value>();
  #old = new Map<string, Value>();
  #youngWeight = 0;

  /** @param capacity what both generations may weigh together. */
  constructor(capacity: number) {
    this.#generationWeight = Math.max(1, Math.floor(capacity / 2));
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(key: string): Value | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: string, value: Value): void {
    this.delete(key);
    if (this.#youngWeight > 0 && this.#youngWeight + value.weight > this.#generationWeight) {
      this.#old = this.#young;
      this.#young = new Map();
      this.#youngWeight = 0;
    }
    this.#young.set(key, value);
    this.#youngWeight += value.weight;
  }

  delete(key: string): void {
    const young = this.#young.get(key);
    if (young !== undefined) {
      this.#youngWeight -= young.weight;
      this.#young.delete(key);
    }
    this.#old.delete(key);
  }

  clear(): void {
    this.#young.clear();
    this.#old.clear();
    this.#youngWeight = 0;
  }

  *[Symbol.iterator](): Generator<[string, Value]> {
    yield* this.#young;
    yield* this.#old;
  }
}
