import {
  type CharacterTest,
  PatternProblem,
  type PlaceTest,
  type RegexFlags,
  type RegexNode,
} from './java-regex-node.ts';

const code = (character: string): number => character.codePointAt(0) as number;
const between =
  (first: string, last: string): CharacterTest =>
  (character) =>
    character >= code(first) && character <= code(last);
const anyOf =
  (...tests: readonly CharacterTest[]): CharacterTest =>
  (character) =>
    tests.some((test) => test(character));
export const not =
  (test: CharacterTest): CharacterTest =>
  (character) =>
    !test(character);
const oneOf = (characters: string): CharacterTest => {
  const codes = new Set([...characters].map(code));
  return (character) => codes.has(character);
};

const LOWER = between('a', 'z');
const UPPER = between('A', 'Z');
const DIGIT = between('0', '9');
const ALPHA = anyOf(LOWER, UPPER);
const GRAPHIC = between('!', '~');
const WORD = anyOf(ALPHA, DIGIT, oneOf('_'));
const BLANK = oneOf('\t\n\v\f\r ');
const HORIZONTAL = anyOf(oneOf('\t \u00a0\u1680\u180e\u202f\u205f\u3000'), between('\u2000', '\u200a'));
const VERTICAL = oneOf('\n\v\f\r\u0085\u2028\u2029');

/** `\d`, `\w` and their like mean ASCII in Java, unlike in JavaScript for `\s`. */
export const SHORT_CLASSES: ReadonlyMap<string, CharacterTest> = new Map(
  Object.entries({ d: DIGIT, w: WORD, s: BLANK, h: HORIZONTAL, v: VERTICAL }).flatMap(([letter, test]) => [
    [letter, test],
    [letter.toUpperCase(), not(test)],
  ]),
);

const POSIX: ReadonlyMap<string, CharacterTest> = new Map(
  Object.entries({
    Lower: LOWER,
    Upper: UPPER,
    ASCII: between('\0', '\x7f'),
    Alpha: ALPHA,
    Digit: DIGIT,
    Alnum: anyOf(ALPHA, DIGIT),
    Punct: (character: number) => GRAPHIC(character) && !ALPHA(character) && !DIGIT(character),
    Graph: GRAPHIC,
    Print: between(' ', '~'),
    Blank: oneOf(' \t'),
    Cntrl: anyOf(between('\0', '\x1f'), oneOf('\x7f')),
    XDigit: anyOf(DIGIT, between('a', 'f'), between('A', 'F')),
    Space: BLANK,
  }),
);

/** Cases of letters; under (?i) each of them means all of them. */
const CASES: ReadonlySet<string> = new Set(['Lu', 'Ll', 'Lt', 'IsLu', 'IsLl', 'IsLt']);

/**
 * `\p{name}`: POSIX's classes, Unicode's general categories, and with `Is` in front its scripts and binary properties.
 * @throws {PatternProblem} for others, such as blocks and the methods of Java's `Character`.
 */
export function propertyClass(name: string, { i }: RegexFlags): CharacterTest {
  if (i && (name === 'Lower' || name === 'Upper')) return ALPHA;
  const posix = POSIX.get(name);
  if (posix !== undefined) return posix;
  const bare = name.startsWith('Is') ? name.slice(2) : name;
  const readings =
    i && CASES.has(name) ? ['Lu}\\p{Ll}\\p{Lt'] : name === bare ? [bare] : [bare, `Script=${bare}`];
  for (const reading of readings) {
    // A name alone is a general category in Java: `\p{Alphabetic}` is none.
    if (name === bare && !/^(?:[A-Z][a-z&]?|Lu\}.*)$/.test(reading)) continue;
    try {
      const property = new RegExp(`^[\\p{${reading}}]$`, 'u');
      return (character) => property.test(String.fromCodePoint(character));
    } catch {
      // Not this one.
    }
  }
  throw new PatternProblem(`\\p{${name}} is not supported`);
}

/** `.` stops at Java's line ends, of which `\u0085` is one; under (?d) at a line feed only. */
export function dot({ s, d }: RegexFlags): CharacterTest {
  if (s) return () => true;
  return d ? (character) => character !== 10 : not(isLineEnd);
}

export const isLineEnd: CharacterTest = oneOf('\n\r\u0085\u2028\u2029');

/** `\R`: CR and LF together, or any one line end. */
export const LINE_BREAK: RegexNode = {
  kind: 'alternatives',
  options: [
    {
      kind: 'sequence',
      parts: ['\r', '\n'].map((end) => ({ kind: 'character', test: oneOf(end) })),
    },
    { kind: 'character', test: VERTICAL },
  ],
};

/** One character, or a range of them, with the letters of the other case under (?i): ASCII's, under (?iu) all. */
export function range(first: number, last: number, flags: RegexFlags): CharacterTest {
  const within: CharacterTest = (character) => character >= first && character <= last;
  if (!flags.i) return within;
  return (character) => within(character) || otherCases(character, flags).some(within);
}

export function sameCharacter(flags: RegexFlags): (one: number, other: number) => boolean {
  return (one, other) => one === other || (flags.i && otherCases(one, flags).includes(other));
}

function otherCases(character: number, { u }: RegexFlags): number[] {
  if (!u) return ALPHA(character) ? [character ^ 0x20] : [];
  const text = String.fromCodePoint(character);
  return [text.toUpperCase(), text.toLowerCase(), text.toUpperCase().toLowerCase()]
    .filter((one) => [...one].length === 1)
    .map(code);
}

const LETTER_OR_DIGIT = /[\p{L}\p{Nd}\p{Mn}]/u;

/** `\b` looks at Unicode's letters and digits, although `\w` does not, as in Java 17 that ThingsBoard runs on. */
export const isWordBoundary: PlaceTest = (text, at) => isWordAt(text, at - 1) !== isWordAt(text, at);

function isWordAt(text: readonly number[], at: number): boolean {
  const character = text[at];
  if (character === undefined) return false;
  return character === 0x5f || LETTER_OR_DIGIT.test(String.fromCodePoint(character));
}

/** `$` and `\Z`: the end, or before the line end that is last; under (?m) before every line end. */
export function endOf(flags: RegexFlags, eachLine: boolean): PlaceTest {
  const ends: CharacterTest = flags.d ? (character) => character === 10 : isLineEnd;
  return (text, at) => {
    const character = text[at];
    if (character === undefined) return true;
    // Between CR and LF no line ends.
    if (!ends(character) || (!flags.d && character === 10 && text[at - 1] === 13)) return false;
    if (eachLine) return true;
    return at + (character === 13 && text[at + 1] === 10 ? 2 : 1) === text.length;
  };
}

/** `^` under (?m): the start, and behind every line end but one at the very end. */
export function startOfLine({ d }: RegexFlags): PlaceTest {
  return (text, at) => {
    if (at === 0) return true;
    const before = text[at - 1] as number;
    if (at === text.length || !(d ? before === 10 : isLineEnd(before))) return false;
    return !(before === 13 && text[at] === 10 && !d);
  };
}
