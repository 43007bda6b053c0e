/** A piece of memory for one text, which is written over again and again: keeping a text allocates nothing. */
export class KeptText {
  readonly #memory: Uint16Array;
  readonly #from: number;
  readonly #longest: number;
  /** Of the text that came, which may be longer than what is kept; -1 for none. */
  #length = -1;

  /** @param longest UTF-16 code units, which are kept in `memory` from the index `from` on. */
  constructor(memory: Uint16Array, from: number, longest: number) {
    this.#memory = memory;
    this.#from = from;
    this.#longest = longest;
  }

  keep(text: string | undefined): void {
    if (text === undefined) {
      this.#length = -1;
      return;
    }
    const memory = this.#memory;
    const from = this.#from;
    const count = Math.min(text.length, this.#longest);
    for (let at = 0; at < count; at++) memory[from + at] = text.charCodeAt(at);
    this.#length = text.length;
  }

  /** The text, or its beginning; half a pair at the end is left out. */
  get text(): string | undefined {
    if (this.#length === -1) return undefined;
    const end = this.#from + Math.min(this.#length, this.#longest);
    const kept = String.fromCharCode(...this.#memory.subarray(this.#from, end));
    return this.isCut ? kept.replace(/[\ud800-\udbff]$/, '') : kept;
  }

  get isCut(): boolean {
    return this.#length > this.#longest;
  }

  /** Whether this is the text; where it is cut, whether the text begins like it and is as long. */
  is(text: string): boolean {
    return text.length === this.#length && text.startsWith(this.text as string);
  }
}
