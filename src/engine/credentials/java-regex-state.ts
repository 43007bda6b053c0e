/** A search took more steps, or went deeper, than any honest pattern and name need. */
export class PatternTooComplex extends Error {
  override readonly name = 'PatternTooComplex';
}

/** Goes on from a place in the text; true once all that follows matched. */
export type Go = (at: number) => boolean;

/** A step costs some 200 ns at the most, so a search ends within some 10 ms. */
const MOST_STEPS = 50_000;
/** Steps inside one another; each takes one or two frames of the stack, which holds some 10,000. */
const DEEPEST = 2_000;

/** What a search keeps while it goes on, and its bounds. */
export class SearchState {
  /** Code points. */
  readonly text: readonly number[];
  /** Where each group that has begun and not ended began. */
  readonly starts: number[];
  /** Start and end of each group, -1 where it took no part. */
  readonly captures: number[];
  #steps = 0;
  #depth = 0;

  constructor(text: readonly number[], groups: number) {
    this.text = text;
    this.starts = Array.from({ length: groups + 1 }, () => -1);
    this.captures = Array.from({ length: 2 * (groups + 1) }, () => -1);
  }

  is(test: (character: number) => boolean, at: number): boolean {
    const character = this.text[at];
    return character !== undefined && test(character);
  }

  /** The same step, counted. */
  counted(go: Go): Go {
    return (at) => {
      this.tick();
      if (++this.#depth > DEEPEST) throw new PatternTooComplex('the search goes too deep');
      const matched = go(at);
      this.#depth--;
      return matched;
    };
  }

  /** @throws {PatternTooComplex} */
  tick(): void {
    if (++this.#steps > MOST_STEPS) throw new PatternTooComplex('the search takes too many steps');
  }

  restore(captures: readonly number[]): void {
    this.captures.splice(0, captures.length, ...captures);
  }
}
