/** A client's text that is pasted in unescaped can bring names as well, so there are bounds. */
const MOST_NAMES = 500;
const MOST_BEHIND_ONE = 8;
const LONGEST_NAME = 64;

/** A name as it stands in a body. */
export interface SeenName {
  /** With its quotes and the colon. */
  readonly written: string;
  /** All names from the first to this one. */
  readonly names: readonly string[];
  /** The names that were seen behind it. */
  readonly next: SeenName[];
}

/**
 * The names of members in the order in which brokers' templates have them. The same few bodies come again and again, so a name is
 * mostly one that was seen behind the one before: it need not be kept anew, and is compared by being the same.
 */
export class TemplateNames {
  /** Where a body begins. */
  readonly start: SeenName = { written: '', names: [], next: [] };
  #count = 0;

  /** The name that begins at `at`, if it was seen behind this one. */
  find(before: SeenName, text: string, at: number): SeenName | undefined {
    for (const seen of before.next) {
      // Cheaper than `startsWith`, which looks at either text letter by letter.
      if (text.slice(at, at + seen.written.length) === seen.written) return seen;
    }
    return undefined;
  }

  /** A name that was not seen behind this one. */
  add(before: SeenName, name: string): SeenName {
    // What is a property's name is one string for all of V8, and the same as the one in the code that looks for it.
    const [same = name] = Object.keys({ [name]: undefined });
    const seen = { written: `"${same}":`, names: [...before.names, same], next: [] };
    if (this.#count < MOST_NAMES && before.next.length < MOST_BEHIND_ONE && name.length <= LONGEST_NAME) {
      this.#count++;
      before.next.push(seen);
    }
    return seen;
  }
}
