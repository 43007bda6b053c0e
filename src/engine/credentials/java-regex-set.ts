import { not, range } from './java-regex-class.ts';
import { readEscape } from './java-regex-escape.ts';
import { type CharacterTest, PatternProblem, type RegexFlags } from './java-regex-node.ts';

export interface ReadClass {
  readonly test: CharacterTest;
  /** Behind the bracket that closes it. */
  readonly end: number;
}

/** Deeper, no honest class is. */
const DEEPEST = 20;

/**
 * Reads a class of characters in brackets, with Java's unions `[a[b]]` and intersections `[a&&[^b]]`; `^` means the whole of
 * it. A `]` that comes first is the character.
 * @param at behind the opening bracket.
 * @throws {PatternProblem}
 */
export function readCharacterClass(pattern: string, at: number, flags: RegexFlags, depth = 0): ReadClass {
  if (depth > DEEPEST) throw new PatternProblem('classes nested too deep');
  const negative = pattern[at] === '^';
  let position = negative ? at + 1 : at;
  const intersections: CharacterTest[] = [];
  let union: CharacterTest[] = [];
  const closeUnion = (): void => {
    const tests = union;
    if (tests.length > 0) intersections.push((character) => tests.some((test) => test(character)));
    union = [];
  };
  for (;;) {
    const next = pattern[position];
    if (next === undefined) throw new PatternProblem('a class of characters that does not end');
    if (next === ']' && (union.length > 0 || intersections.length > 0)) break;
    if (next === '&' && pattern[position + 1] === '&') {
      closeUnion();
      position += 2;
      continue;
    }
    if (next === '[') {
      const inner = readCharacterClass(pattern, position + 1, flags, depth + 1);
      union.push(inner.test);
      position = inner.end;
      continue;
    }
    if (flags.x && /[ \t\n\v\f\r]/.test(next)) {
      position++;
      continue;
    }
    const member = readMember(pattern, position, flags);
    union.push(member.test);
    position = member.end;
  }
  closeUnion();
  const all: CharacterTest = (character) => intersections.every((test) => test(character));
  return { test: negative ? not(all) : all, end: position + 1 };
}

/** A character, a range, an escape or a quotation. */
function readMember(pattern: string, at: number, flags: RegexFlags): ReadClass {
  if (pattern.startsWith('\\Q', at)) return readQuotation(pattern, at + 2, flags);
  const first = readOne(pattern, at, flags);
  const after = pattern[first.end + 1];
  const isRange = pattern[first.end] === '-' && after !== undefined && after !== ']' && after !== '[';
  if (first.character === undefined || !isRange) return first;
  const last = readOne(pattern, first.end + 1, flags);
  if (last.character === undefined) throw new PatternProblem(`a range without an end, at ${first.end}`);
  if (last.character < first.character)
    throw new PatternProblem(`a range that ends before it begins, at ${at}`);
  return { test: range(first.character, last.character, flags), end: last.end };
}

function readOne(
  pattern: string,
  at: number,
  flags: RegexFlags,
): ReadClass & { readonly character?: number } {
  if (pattern[at] === '\\') return readEscape(pattern, at + 1, flags);
  const character = pattern.codePointAt(at) as number;
  return { test: range(character, character, flags), end: at + (character > 0xffff ? 2 : 1), character };
}

function readQuotation(pattern: string, start: number, flags: RegexFlags): ReadClass {
  const found = pattern.indexOf('\\E', start);
  if (found === -1) throw new PatternProblem('a quotation that does not end');
  const tests = [...pattern.slice(start, found)].map((character) => {
    const point = character.codePointAt(0) as number;
    return range(point, point, flags);
  });
  return { test: (character) => tests.some((test) => test(character)), end: found + 2 };
}
