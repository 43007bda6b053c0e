import { dot, endOf, isWordBoundary, LINE_BREAK, range, startOfLine } from './java-regex-class.ts';
import { PatternCursor } from './java-regex-cursor.ts';
import { readEscape } from './java-regex-escape.ts';
import { longestMatch, NO_FLAGS, type RegexNode, switchFlags } from './java-regex-node.ts';
import { readNamedReference, readNumberedReference, readQuotation } from './java-regex-part.ts';
import { readCharacterClass } from './java-regex-set.ts';

export interface ParsedPattern {
  readonly root: RegexNode;
  /** How many capturing groups. */
  readonly groups: number;
}

const NAME = /\?<([A-Za-z][A-Za-z0-9]*)>/y;
const FLAGS = /\?([imsxdu]*)(?:-([imsxdu]+))?([:)])/y;
/** Nested deeper, no honest pattern is, and reading it would fill the stack. */
const DEEPEST = 50;

/** @throws {PatternProblem} for what Java's `Pattern.compile` throws, and for what is not supported here. */
export function parsePattern(pattern: string): ParsedPattern {
  const parser = new PatternParser(pattern);
  return parser.parse();
}

class PatternParser {
  readonly #cursor: PatternCursor;
  readonly #names = new Map<string, number>();
  #groups = 0;
  #depth = 0;
  #flags = NO_FLAGS;

  constructor(pattern: string) {
    this.#cursor = new PatternCursor(pattern);
  }

  parse(): ParsedPattern {
    const root = this.#alternatives();
    if (this.#cursor.at < this.#cursor.pattern.length) this.#cursor.fail('a ) that closes nothing');
    return { root, groups: this.#groups };
  }

  #alternatives(): RegexNode {
    if (++this.#depth > DEEPEST) this.#cursor.fail('groups nested too deep');
    const options = [this.#sequence()];
    while (this.#cursor.take('|')) options.push(this.#sequence());
    this.#depth--;
    return options.length === 1 ? (options[0] as RegexNode) : { kind: 'alternatives', options };
  }

  #sequence(): RegexNode {
    const parts: RegexNode[] = [];
    for (;;) {
      this.#skipComments();
      const next = this.#cursor.next;
      if (next === undefined || next === '|' || next === ')') return { kind: 'sequence', parts };
      const atoms = this.#atoms();
      const last = atoms.pop();
      parts.push(...atoms);
      if (last !== undefined) parts.push(this.#quantified(last));
    }
  }

  /** One atom; several for a quotation, of which a quantifier means the last, and none for flags. */
  #atoms(): RegexNode[] {
    const start = this.#cursor.at;
    const character = this.#cursor.pattern.codePointAt(start) as number;
    this.#cursor.at += character > 0xffff ? 2 : 1;
    switch (String.fromCodePoint(character)) {
      case '(':
        return this.#group();
      case '[': {
        const { test, end } = readCharacterClass(this.#cursor.pattern, this.#cursor.at, this.#flags);
        this.#cursor.at = end;
        return [{ kind: 'character', test }];
      }
      case '\\':
        return this.#escape();
      case '.':
        return [{ kind: 'character', test: dot(this.#flags) }];
      case '^':
        return [{ kind: 'place', test: this.#flags.m ? startOfLine(this.#flags) : (_text, at) => at === 0 }];
      case '$':
        return [{ kind: 'place', test: endOf(this.#flags, this.#flags.m) }];
      case '*':
      case '+':
      case '?':
      case '{':
        return this.#cursor.fail('a repetition of nothing', start);
      default:
        return [{ kind: 'character', test: range(character, character, this.#flags) }];
    }
  }

  #group(): RegexNode[] {
    const outer = this.#flags;
    const close = (): void => {
      if (!this.#cursor.take(')')) this.#cursor.fail('a group that does not end');
      this.#flags = outer;
    };
    const inside = (): RegexNode => {
      const inner = this.#alternatives();
      close();
      return inner;
    };
    if (this.#cursor.next !== '?') return [this.#capture(inside)];
    if (this.#cursor.take('?>')) return [{ kind: 'atomic', inner: inside() }];
    for (const [sign, negative] of [
      ['?=', false],
      ['?!', true],
    ] as const) {
      if (this.#cursor.take(sign)) return [{ kind: 'ahead', inner: inside(), negative }];
    }
    for (const [sign, negative] of [
      ['?<=', false],
      ['?<!', true],
    ] as const) {
      if (!this.#cursor.take(sign)) continue;
      const inner = inside();
      const longest = longestMatch(inner);
      if (!Number.isFinite(longest)) this.#cursor.fail('looking behind for a text without a longest length');
      return [{ kind: 'behind', inner, negative, longest }];
    }
    const name = this.#cursor.match(NAME)?.[1];
    if (name !== undefined) {
      if (this.#names.has(name)) this.#cursor.fail(`two groups named ${name}`);
      this.#names.set(name, this.#groups + 1);
      return [this.#capture(inside)];
    }
    const [, on = '', off = '', end] =
      this.#cursor.match(FLAGS) ?? this.#cursor.fail('a kind of group that is not supported');
    this.#flags = switchFlags(outer, on, off);
    if (end === ')') return [];
    return [inside()];
  }

  #capture(inside: () => RegexNode): RegexNode {
    const index = ++this.#groups;
    return { kind: 'group', index, inner: inside() };
  }

  #escape(): RegexNode[] {
    const letter = this.#cursor.next ?? '';
    switch (letter) {
      case 'Q':
        return readQuotation(this.#cursor, this.#flags);
      case 'A':
        return this.#place((_text, at) => at === 0);
      case 'z':
        return this.#place((text, at) => at === text.length);
      case 'Z':
        return this.#place(endOf(this.#flags, false));
      case 'b':
        return this.#place(isWordBoundary);
      case 'B':
        return this.#place((text, at) => !isWordBoundary(text, at));
      case 'R':
        this.#cursor.at++;
        return [LINE_BREAK];
      case 'k':
        return [readNamedReference(this.#cursor, this.#names, this.#flags)];
    }
    if (/[1-9]/.test(letter)) return [readNumberedReference(this.#cursor, this.#groups, this.#flags)];
    const { test, end } = readEscape(this.#cursor.pattern, this.#cursor.at, this.#flags);
    this.#cursor.at = end;
    return [{ kind: 'character', test }];
  }

  #place(test: Extract<RegexNode, { kind: 'place' }>['test']): RegexNode[] {
    this.#cursor.at++;
    return [{ kind: 'place', test }];
  }

  #quantified(inner: RegexNode): RegexNode {
    this.#skipComments();
    const bounds = this.#cursor.takeBounds();
    if (bounds === undefined) return inner;
    const [least, most] = bounds;
    const lazy = this.#cursor.take('?');
    const possessive = !lazy && this.#cursor.take('+');
    const repeat: RegexNode = { kind: 'repeat', inner, least, most, lazy };
    return possessive ? { kind: 'atomic', inner: repeat } : repeat;
  }

  #skipComments(): void {
    if (this.#flags.x) this.#cursor.match(/(?:[ \t\n\v\f\r]|#[^\n\r\u0085\u2028\u2029]*)+/y);
  }
}
