/** An MQTT_BASIC value as ThingsBoard stores it; null and empty both mean "not part of this credential". */
export interface StoredBasic {
  readonly clientId: string | null;
  readonly userName: string | null;
  readonly password: string | null;
}

const WHITE_SPACE = /[ \t\n\r]*/y;
const STRING = /"(?:[^"\\]|\\.)*"/sy;
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.+-])|(?:true|false|null)(?!\w)/y;
const MEMBERS = ['clientId', 'userName', 'password'] as const;

/**
 * Reads the JSON text of MQTT_BASIC credentials as Jackson does for ThingsBoard (`thingsboard.md` sections 1.2 and 2): an
 * object with no other than the three members; numbers and booleans become text as written (`1.50` stays `1.50`, which
 * `JSON.parse` would lose); the last of a repeated member wins; what follows the object is not looked at.
 * @returns `undefined` for anything else.
 */
export function readStoredBasic(json: string | null): StoredBasic | undefined {
  if (json === null) return undefined;
  const basic: Record<(typeof MEMBERS)[number], string | null> = {
    clientId: null,
    userName: null,
    password: null,
  };
  const reader = new Reader(json);
  if (!reader.accept('{')) return undefined;
  if (reader.accept('}')) return basic;
  do {
    const name = reader.string();
    if (name === undefined || !(MEMBERS as readonly string[]).includes(name) || !reader.accept(':'))
      return undefined;
    const value = reader.scalar();
    if (value === undefined) return undefined;
    basic[name as (typeof MEMBERS)[number]] = value;
  } while (reader.accept(','));
  return reader.accept('}') ? basic : undefined;
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  accept(character: string): boolean {
    this.#match(WHITE_SPACE);
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  string(): string | undefined {
    this.#match(WHITE_SPACE);
    const literal = this.#match(STRING);
    if (literal === undefined) return undefined;
    try {
      return JSON.parse(literal) as string;
    } catch {
      return undefined;
    }
  }

  /** A string's text, another scalar as written, or null. */
  scalar(): string | null | undefined {
    const text = this.string();
    if (text !== undefined) return text;
    const literal = this.#match(SCALAR);
    return literal === 'null' ? null : literal;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found === null) return undefined;
    this.#at = pattern.lastIndex;
    return found[0];
  }
}
