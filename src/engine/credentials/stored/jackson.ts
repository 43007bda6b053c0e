/**
 * A JSON value as Jackson hands it to a field of type text: numbers and booleans are the text that was written (`1.50`
 * stays `1.50`, which `JSON.parse` would lose). Maps rather than objects, because the names come from outside.
 */
export type JacksonValue = string | null | readonly JacksonValue[] | ReadonlyMap<string, JacksonValue>;

const WHITE_SPACE = /[ \t\n\r]*/y;
const STRING = /"(?:[^"\\]|\\.)*"/sy;
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.+-])|(?:true|false|null)(?!\w)/y;
/** Jackson's own bound, which also keeps the recursion here shallow. */
const DEEPEST = 1_000;

/**
 * Reads the first JSON value of a text as ThingsBoard's object mapper does (`thingsboard.md` section 2): what follows that
 * value is not looked at, the last of a repeated name wins, and no leniency beyond RFC 8259.
 * @returns `undefined` where there is no such value.
 */
export function readJackson(json: string): JacksonValue | undefined {
  return new Reader(json).value(1);
}

/** Writes as Jackson does: as `JSON.stringify`, but for the case of the digits in `\u001F`. */
export function writeJackson(value: unknown): string {
  return JSON.stringify(value).replace(/\\(?:u00[01][0-9a-f]|.)/g, (escaped) =>
    escaped.length === 2 ? escaped : `\\u${escaped.slice(2).toUpperCase()}`,
  );
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(depth: number): JacksonValue | undefined {
    if (depth > DEEPEST) return undefined;
    if (this.#accept('{')) return this.#object(depth);
    if (this.#accept('[')) return this.#array(depth);
    const text = this.#string();
    if (text !== undefined) return text;
    const literal = this.#match(SCALAR);
    return literal === 'null' ? null : literal;
  }

  #object(depth: number): ReadonlyMap<string, JacksonValue> | undefined {
    const members = new Map<string, JacksonValue>();
    if (this.#accept('}')) return members;
    do {
      this.#match(WHITE_SPACE);
      const name = this.#string();
      if (name === undefined || !this.#accept(':')) return undefined;
      const value = this.value(depth + 1);
      if (value === undefined) return undefined;
      members.set(name, value);
    } while (this.#accept(','));
    return this.#accept('}') ? members : undefined;
  }

  #array(depth: number): readonly JacksonValue[] | undefined {
    const items: JacksonValue[] = [];
    if (this.#accept(']')) return items;
    do {
      const value = this.value(depth + 1);
      if (value === undefined) return undefined;
      items.push(value);
    } while (this.#accept(','));
    return this.#accept(']') ? items : undefined;
  }

  /** Takes this character, after any white space, if it is the next; the white space is taken in any case. */
  #accept(character: string): boolean {
    this.#match(WHITE_SPACE);
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #string(): string | undefined {
    const literal = this.#match(STRING);
    if (literal === undefined) return undefined;
    try {
      return JSON.parse(literal) as string;
    } catch {
      return undefined;
    }
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found === null) return undefined;
    this.#at = pattern.lastIndex;
    return found[0];
  }
}
