/** Reused memory for one text: keeping a text allocates nothing. */
export class KeptText {
  readonly #memory: Uint16Array;
  readonly #from: number;
  readonly #longest: number;
  /** The length of the whole text, which may be longer than what is kept; -1 for none. */
  #length = -1;

  /** @param longest UTF-16 code units to keep, in `memory` from index `from` on. */
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

  /** The text or its beginning, without half a surrogate pair at the end. */
  get text(): string | undefined {
    if (this.#length === -1) return undefined;
    const end = this.#from + Math.min(this.#length, this.#longest);
    const kept = String.fromCharCode(...this.#memory.subarray(this.#from, end));
    return this.isCut ? kept.replace(/[\ud800-\udbff]$/, '') : kept;
  }

  get isCut(): boolean {
    return this.#length > this.#longest;
  }

  /** Whether `text` is the kept text. Of a cut text only the beginning and the length are compared. */
  is(text: string): boolean {
    return text.length === this.#length && text.startsWith(this.text as string);
  }
}
