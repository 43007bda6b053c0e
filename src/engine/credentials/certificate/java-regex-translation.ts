import { ThingPassError } from '../../../model/errors.ts';

export interface TranslatedRegex {
  /** For RE2, without flags: what they mean is written out. */
  readonly expression: string;
  /** The groups that are repeated, each for itself. */
  readonly repeated: readonly string[];
}

/** Characters; an honest pattern has some dozens. */
const LONGEST_PATTERN = 1_000;
/** Characters and classes once all counts are written out: RE2 does so, and needs time for each at every character of a name. */
const MOST_ATOMS = 500;

/**
 * Writes a regular expression of Java 17 so that RE2 finds the same and captures the same with it. Wherever both engines read a
 * text differently, it is either written out (`.`, `\s`, `\h`, POSIX classes, octal numbers, the flags i and s) or refused.
 * Refused is what needs backtracking (looking around, references to groups, possessive repetitions), what Java reads and RE2
 * does not, what RE2 reads and Java does not, and a few oddities that nobody writes on purpose. All of it was found by asking
 * both engines the same of 150,000 made-up patterns.
 * @throws {ThingPassError} `pattern_invalid`
 */
export function translateJavaRegex(pattern: string): TranslatedRegex {
  if (pattern.length > LONGEST_PATTERN) fail(`it is longer than ${LONGEST_PATTERN} characters`);
  if (/\p{Surrogate}/u.test(pattern)) fail('it has half a character (an unpaired surrogate)');
  return new Translation(pattern).translate();
}

/** `.` stops at Java's line ends, of which RE2 knows the line feed only. */
const DOT = '[^\\n\\r\\x{85}\\x{2028}\\x{2029}]';

/** What RE2 writes between brackets for a letter behind a backslash; ASCII's characters only, but for `\h` and `\v`. */
const CLASSES: Readonly<Record<string, string>> = {
  d: '\\d',
  D: '\\D',
  w: '\\w',
  W: '\\W',
  // RE2's own `\s` lacks U+000B.
  s: '[:space:]',
  S: '[:^space:]',
  h: '\\t \\x{a0}\\x{1680}\\x{180e}\\x{2000}-\\x{200a}\\x{202f}\\x{205f}\\x{3000}',
  v: '\\n-\\r\\x{85}\\x{2028}\\x{2029}',
};

const CONTROLS: Readonly<Record<string, number>> = { t: 9, n: 10, f: 12, r: 13, a: 7, e: 27 };

/**
 * The names behind `\p` that mean the same to both: POSIX's classes, general categories and, with `Is` in front, scripts. (Java 17
 * has Unicode 13 and RE2 a later one: a handful of characters changed their category since.)
 */
const PROPERTY = new RegExp(
  [
    '^(?:(?<posix>Lower|Upper|ASCII|Alpha|Digit|Alnum|Punct|Graph|Print|Blank|Cntrl|XDigit|Space)',
    '(?:Is)?(?<category>L[ultmo]?|M[nce]?|N[dlo]?|P[cdseifo]?|S[mcko]?|Z[slp]?|Co|Cc|Cf)',
    'Is(?<script>Latin|Greek|Cyrillic|Armenian|Georgian|Hebrew|Arabic|Thai|Han|Hiragana|Katakana|Hangul))$',
  ].join('|'),
);

/** A piece of a class, as RE2 writes it between brackets. */
interface ClassMember {
  readonly text: string;
  /** The code point, where it is a single character: ranges begin and end with it. */
  readonly codePoint?: number;
}

interface Flags {
  /** Ignores the case of ASCII's letters, and of no others. */
  readonly i: boolean;
  /** A dot matches line ends too. */
  readonly s: boolean;
}

/** Where a group or another thing that can be repeated begins. */
interface Start {
  /** In the expression. */
  readonly at: number;
  readonly atoms: number;
}

class Translation {
  readonly #pattern: string;
  #at = 0;
  #expression = '';
  readonly #repeated: string[] = [];
  #atoms = 0;
  readonly #groups: (Start & { readonly outer: Flags })[] = [];
  readonly #names = new Set<string>();
  #flags: Flags = { i: false, s: false };

  constructor(pattern: string) {
    // As Java does: what is quoted by \Q…\E becomes escapes before anything is read.
    this.#pattern = pattern.replaceAll(/\\Q(.*?)(?:\\E|$)|\\?./gsu, (whole, quoted?: string) =>
      quoted === undefined ? whole : quote(quoted),
    );
  }

  translate(): TranslatedRegex {
    let last: Start | undefined;
    while (this.#at < this.#pattern.length) {
      if (this.#takeRepetition(last)) {
        last = undefined;
        continue;
      }
      const start = { at: this.#expression.length, atoms: this.#atoms };
      last = this.#readNext(start);
    }
    if (this.#groups.length > 0) fail('a group does not end');
    return { expression: this.#expression, repeated: this.#repeated };
  }

  /** @param what begins where; `undefined` for what cannot be repeated. */
  #takeRepetition(what: Start | undefined): boolean {
    const [whole, least = '', most] = this.#take(/[*+?]|\{(\d{1,9})(?:,(\d{0,9}))?\}/y) ?? [];
    if (whole === undefined) return false;
    if (what === undefined) fail(`${whole} repeats nothing`);
    if (this.#take(/\+/y)) fail('possessive repetitions, such as a++, are not supported');
    const lazy = this.#take(/\?/y) ? '?' : '';
    const copies = Number(most || least || 1);
    this.#atoms += (Math.max(copies, Number(least)) - 1) * (this.#atoms - what.atoms);
    this.#checkSize();
    if (whole !== '?' && this.#expression.endsWith(')')) this.#repeated.push(this.#expression.slice(what.at));
    // RE2 takes a count with a zero in front for plain text.
    this.#expression += whole.replaceAll(/\d+/g, (digits) => String(Number(digits))) + lazy;
    return true;
  }

  /** @returns where what was read begins, if it can be repeated. */
  #readNext(start: Start): Start | undefined {
    const character = this.#takeCharacter();
    switch (character) {
      case '(':
        this.#beginGroup(start);
        return undefined;
      case ')':
        return this.#endGroup();
      case '[':
        return this.#write(this.#readClass(), start);
      case '.':
        return this.#write(this.#flags.s ? '(?s:.)' : DOT, start);
      case '^':
      case '$':
      case '|':
        this.#expression += character;
        return undefined;
      case '{':
        return fail('a { begins no repetition');
      case '\\': {
        const [place] = this.#take(/[AzZbB]/y) ?? [];
        if (place === undefined) return this.#write(`[${this.#readEscape()}]`, start);
        // No name is searched that ends in a line end, so this is the end as well.
        this.#expression += place === 'Z' ? '\\z' : `\\${place}`;
        return undefined;
      }
      default:
        return this.#write(`[${this.#range(codePoint(character))}]`, start);
    }
  }

  #write(text: string, start: Start): Start {
    this.#expression += text;
    this.#atoms++;
    this.#checkSize();
    return start;
  }

  #checkSize(): void {
    if (this.#atoms > MOST_ATOMS) fail(`it comes to more than ${MOST_ATOMS} characters and classes`);
  }

  #beginGroup(start: Start): void {
    const outer = this.#flags;
    if (!this.#take(/\?/y)) {
      this.#expression += '(';
    } else if (this.#take(/<?[=!]/y)) {
      fail('looking ahead or behind, such as (?=…) or (?<!…), is not supported');
    } else if (this.#take(/>/y)) {
      fail('groups that give nothing back, (?>…), are not supported');
    } else {
      const [, name] = this.#take(/<([A-Za-z][A-Za-z0-9]*)>/y) ?? [];
      if (name === undefined) {
        if (!this.#takeFlags()) return;
        this.#expression += '(?:';
      } else {
        if (this.#names.has(name)) fail(`two groups are named ${name}`);
        this.#names.add(name);
        this.#expression += '(';
      }
    }
    this.#groups.push({ ...start, outer });
  }

  /** @returns whether they are those of a group, `(?i:…)`; otherwise they hold to the end of the group around them. */
  #takeFlags(): boolean {
    const [, on = '', off = '', end] =
      this.#take(/([A-Za-z]*)(?:-([A-Za-z]*))?([:)])/y) ?? fail('a (? begins no group that Java has');
    const [other] = /[^is]/.exec(on + off) ?? [];
    if (other !== undefined) fail(`the flag ${other} is not supported`);
    const { i, s } = this.#flags;
    this.#flags = {
      i: (i || on.includes('i')) && !off.includes('i'),
      s: (s || on.includes('s')) && !off.includes('s'),
    };
    return end === ':';
  }

  #endGroup(): Start {
    const group = this.#groups.pop() ?? fail('a ) ends no group');
    this.#flags = group.outer;
    this.#expression += ')';
    return group;
  }

  /** Behind the opening bracket, up to the closing one; a bracket that closes and comes first is a character. */
  #readClass(): string {
    let text = this.#take(/\^/y) ? '[^' : '[';
    text += this.#readMembers();
    while (!this.#take(/\]/y)) text += this.#readMembers();
    return `${text}]`;
  }

  /** One character or class, or a range. */
  #readMembers(): string {
    const first = this.#readMember();
    if (first.codePoint === undefined || !this.#take(/-(?![[\]]|$)/y)) return first.text;
    const last = this.#readMember().codePoint;
    if (last === undefined || last < first.codePoint) fail('a range of characters has no end');
    return this.#range(first.codePoint, last);
  }

  #readMember(): ClassMember {
    const character = this.#takeCharacter();
    if (character === '[' || (character === '&' && this.#take(/&/y)))
      fail('classes within classes, and &&, are not supported');
    return character === '\\' ? this.#readEscaped(true) : this.#character(codePoint(character));
  }

  /** Outside of brackets. */
  #readEscape(): string {
    if (this.#take(/k|[1-9]/y)) fail('references to a group, such as \\1, are not supported');
    return this.#readEscaped(false).text;
  }

  #readEscaped(inClass: boolean): ClassMember {
    const [hex] = this.#take(/x[0-9A-Fa-f]{2}|x\{[0-9A-Fa-f]{1,6}\}|u[0-9A-Fa-f]{4}/y) ?? [];
    if (hex !== undefined) return this.#numbered(Number.parseInt(hex.replaceAll(/[xu{}]/g, ''), 16));
    const [octal] = this.#take(/0(?:[0-3][0-7]{2}|[0-7]{1,2})/y) ?? [];
    if (octal !== undefined) return this.#numbered(Number.parseInt(octal, 8));
    const [, control] = this.#take(/c(\p{ASCII})/uy) ?? [];
    if (control !== undefined) return this.#numbered(codePoint(control) ^ 0x40);
    const [, sign, name, letter] = this.#take(/([pP])(?:\{(\w+)\}|([A-Z]))/y) ?? [];
    if (sign !== undefined) return { text: this.#property(sign === 'P', name ?? letter ?? '') };

    const character = this.#takeCharacter();
    const text = CLASSES[character];
    if (text !== undefined) return { text };
    if (!inClass && /[HV]/.test(character)) return { text: `^${CLASSES[character.toLowerCase()]}` };
    const code = CONTROLS[character];
    if (code === undefined && /[A-Za-z0-9]/.test(character)) fail(`\\${character} is not supported here`);
    return this.#character(code ?? codePoint(character));
  }

  #property(negative: boolean, name: string): string {
    const { posix, category, script } = PROPERTY.exec(name)?.groups ?? {};
    const { i } = this.#flags;
    if (posix !== undefined) {
      const one = i && /^(?:Lower|Upper)$/.test(posix) ? 'alpha' : posix.toLowerCase();
      return `[:${negative ? '^' : ''}${one}:]`;
    }
    // Under (?i) each of these means all three of them.
    if (i && /^L[ult]$/.test(category ?? '')) {
      if (negative) fail(`\\P{${name}} under (?i) is not supported`);
      return '\\p{Lu}\\p{Ll}\\p{Lt}';
    }
    const known = category ?? script ?? fail(`\\p{${name}} is not supported`);
    return `\\${negative ? 'P' : 'p'}{${known}}`;
  }

  #numbered(code: number): ClassMember {
    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) fail(`${code.toString(16)} is no character`);
    return this.#character(code);
  }

  #character(code: number): ClassMember {
    return { text: this.#range(code), codePoint: code };
  }

  /** Between brackets, with the other case of ASCII's letters where the case is ignored. */
  #range(first: number, last: number = first): string {
    const text = `${written(first)}-${written(last)}`;
    if (!this.#flags.i) return text;
    return [0x41, 0x61].reduce((all, a) => {
      const [from, to] = [Math.max(first, a), Math.min(last, a + 25)];
      return from > to ? all : `${all}${written(from ^ 0x20)}-${written(to ^ 0x20)}`;
    }, text);
  }

  #takeCharacter(): string {
    return this.#take(/./suy)?.[0] ?? fail('it ends in the middle');
  }

  /** @param expression sticky. */
  #take(expression: RegExp): RegExpExecArray | undefined {
    expression.lastIndex = this.#at;
    const match = expression.exec(this.#pattern) ?? undefined;
    this.#at += match?.[0].length ?? 0;
    return match;
  }
}

function codePoint(character: string): number {
  return character.codePointAt(0) as number;
}

function written(code: number): string {
  return `\\x{${code.toString(16)}}`;
}

function quote(text: string): string {
  return text.replaceAll(/./gsu, (one) => (/[A-Za-z0-9]/.test(one) ? `\\x${hex(one)}` : `\\${one}`));
}

function hex(character: string): string {
  return codePoint(character).toString(16);
}

function fail(why: string): never {
  throw new ThingPassError('pattern_invalid', why);
}
