import { not, propertyClass, range, SHORT_CLASSES } from './java-regex-class.ts';
import { type CharacterTest, PatternProblem, type RegexFlags } from './java-regex-node.ts';

const CONTROLS: ReadonlyMap<string, number> = new Map([
  ['t', 9],
  ['n', 10],
  ['f', 12],
  ['r', 13],
  ['a', 7],
  ['e', 27],
]);
const HEX = /x([0-9A-Fa-f]{2})|x\{([0-9A-Fa-f]{1,6})\}|u([0-9A-Fa-f]{4})|u\{([0-9A-Fa-f]{1,6})\}/y;
const OCTAL = /0([0-3][0-7]{2}|[0-7]{1,2})/y;
const PROPERTY = /([pP])(?:\{\^?([A-Za-z_=&]+)\}|([A-Z]))/y;

/** What stands behind a backslash, where it means a character or a class of them, and where it ends. */
export interface Escaped {
  readonly end: number;
  /** A class of characters. */
  readonly test: CharacterTest;
  /** The character, where it is one: ranges begin and end with it. */
  readonly character?: number;
}

/**
 * Reads an escape that may stand inside a class of characters as well.
 * @param at where the character behind the backslash is.
 * @throws {PatternProblem} also for letters that mean nothing: Java keeps those for later.
 */
export function readEscape(pattern: string, at: number, flags: RegexFlags): Escaped {
  const letter = String.fromCodePoint(pattern.codePointAt(at) ?? 0);
  if (at >= pattern.length) throw new PatternProblem('a backslash at the end');
  const short = SHORT_CLASSES.get(letter);
  if (short !== undefined) return { end: at + 1, test: short };
  PROPERTY.lastIndex = at;
  const property = PROPERTY.exec(pattern);
  if (property !== null) {
    const [whole, sign, name, single] = property;
    const test = propertyClass(name ?? (single as string), flags);
    const negative = (sign === 'P') !== whole.includes('{^');
    return { end: at + whole.length, test: negative ? not(test) : test };
  }
  const { character, end } = readCharacter(pattern, at, letter);
  return { end, test: range(character, character, flags), character };
}

function readCharacter(pattern: string, at: number, letter: string): { character: number; end: number } {
  const control = CONTROLS.get(letter);
  if (control !== undefined) return { character: control, end: at + 1 };
  if (letter === 'c' && at + 1 < pattern.length)
    return { character: pattern.charCodeAt(at + 1) ^ 64, end: at + 2 };
  HEX.lastIndex = at;
  const hex = HEX.exec(pattern);
  if (hex !== null) {
    const character = Number.parseInt(hex.slice(1).find((digits) => digits !== undefined) as string, 16);
    if (character <= 0x10ffff) return { character, end: at + hex[0].length };
  }
  OCTAL.lastIndex = at;
  const octal = OCTAL.exec(pattern);
  if (octal !== null) return { character: Number.parseInt(octal[1] as string, 8), end: at + octal[0].length };
  if (/^[A-Za-z0-9]/.test(letter))
    throw new PatternProblem(`\\${letter} at ${at} means nothing, or is not supported`);
  return { character: letter.codePointAt(0) as number, end: at + letter.length };
}
