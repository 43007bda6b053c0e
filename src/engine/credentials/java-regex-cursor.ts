import { PatternProblem } from './java-regex-node.ts';

const COUNT = /\{([0-9]{1,9})(,([0-9]{1,9})?)?\}/y;

/** A place in a pattern's text that moves forward. */
export class PatternCursor {
  readonly pattern: string;
  at = 0;

  constructor(pattern: string) {
    this.pattern = pattern;
  }

  get next(): string | undefined {
    return this.pattern[this.at];
  }

  /** Steps over the text where it is next. */
  take(text: string): boolean {
    if (!this.pattern.startsWith(text, this.at)) return false;
    this.at += text.length;
    return true;
  }

  /** @param expression sticky. */
  match(expression: RegExp): RegExpExecArray | undefined {
    expression.lastIndex = this.at;
    const match = expression.exec(this.pattern) ?? undefined;
    this.at += match?.[0].length ?? 0;
    return match;
  }

  /** Steps over `*`, `+`, `?` or `{…}`. */
  takeBounds(): readonly [least: number, most: number] | undefined {
    if (this.take('*')) return [0, Number.POSITIVE_INFINITY];
    if (this.take('+')) return [1, Number.POSITIVE_INFINITY];
    if (this.take('?')) return [0, 1];
    if (this.next !== '{') return undefined;
    const [, least = '', comma, most] = this.match(COUNT) ?? this.fail('a repetition that is none');
    const open = comma === undefined ? Number(least) : Number.POSITIVE_INFINITY;
    const last = most === undefined ? open : Number(most);
    if (last < Number(least)) this.fail('a repetition that ends before it begins');
    return [Number(least), last];
  }

  /** @throws {PatternProblem} */
  fail(what: string, at = this.at): never {
    throw new PatternProblem(`${what}, at ${at}`);
  }
}
