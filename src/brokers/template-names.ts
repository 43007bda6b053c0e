/** A client's text that is pasted in unescaped can bring names as well, so there are bounds. */
const MOST_NAMES = 500;
const MOST_BEHIND_ONE = 8;
const LONGEST_NAME = 64;

/** A name as it stands in a body, and the names that were seen behind it. */
export interface SeenName {
  readonly name: string;
  /** With its quotes and the colon. */
  readonly written: string;
  readonly next: SeenName[];
}

/**
 * The names of members in the order in which brokers' templates have them. The same few bodies come again and again, so a name is
 * mostly one that was seen behind the one before: it need not be cut out again, and is compared by being the same.
 */
export class TemplateNames {
  /** Those with which bodies begin. */
  readonly first: SeenName[] = [];
  #count = 0;

  /** The one of these names that begins at `at`. */
  find(among: readonly SeenName[], text: string, at: number): SeenName | undefined {
    for (const seen of among) if (text.startsWith(seen.written, at)) return seen;
    return undefined;
  }

  /** A name that was not seen among these. */
  add(among: SeenName[], name: string): SeenName {
    // What is a property's name is one string for all of V8, and the same as the one in the code that looks for it.
    const [same = name] = Object.keys({ [name]: undefined });
    const seen = { name: same, written: `"${same}":`, next: [] };
    if (this.#count < MOST_NAMES && among.length < MOST_BEHIND_ONE && name.length <= LONGEST_NAME) {
      this.#count++;
      among.push(seen);
    }
    return seen;
  }
}
