import { findFirst } from './java-regex-matcher.ts';
import { PatternProblem } from './java-regex-node.ts';
import { type ParsedPattern, parsePattern } from './java-regex-parser.ts';
import { PatternTooComplex } from './java-regex-state.ts';

/** What Java's `find` and `group(1)` give: `undefined` where nothing was found, null where the group took no part. */
export interface FirstGroup {
  readonly group: string | null;
}

/** Characters; a common name has 64 at the most (RFC 5280 appendix A.1), and a device's name 255. */
const LONGEST_NAME = 1_024;
const LONGEST_PATTERN = 1_000;

/**
 * Searches a name as ThingsBoard does (`thingsboard.md` section 4.4): unanchored, and group 1 is the answer.
 *
 * The engine is our own, so that patterns mean what they mean in Java (line ends, ASCII classes, possessive repetitions,
 * captures, looking ahead and behind), which neither RE2 nor V8 gives. It backtracks, as Java's does, and what keeps a hostile
 * pattern or name from hanging the server is a bound on every search: 50,000 steps, some 10 ms, and 2,000 steps
 * inside one another. A name of more than 1,024 characters is not searched. Whatever goes over a bound was not found.
 * @returns `undefined` also for a pattern that is none, and one without a group.
 */
export function findFirstGroup(pattern: string, name: string): FirstGroup | undefined {
  const parsed = parsedPattern(pattern);
  if (parsed === undefined || parsed.groups === 0 || name.length > LONGEST_NAME) return undefined;
  const text = Array.from(name, (character) => character.codePointAt(0) as number);
  try {
    const captures = findFirst(parsed, text);
    if (captures === undefined) return undefined;
    const [, , start = -1, end = -1] = captures;
    return { group: end === -1 ? null : String.fromCodePoint(...text.slice(start, end)) };
  } catch (error) {
    if (error instanceof PatternTooComplex) return undefined;
    throw error;
  }
}

/** Names on which every pattern is tried before it is saved: what backtracks without end does so on one of them. */
const TRIAL_NAMES = ['a', '0', 'A', '-', '.', ' ', 'a1', 'a.', 'aA'].map(
  (part) => `${part.repeat(100)}\u0001`,
);

/**
 * Why a `certificateRegExPattern` cannot be honoured, in words for whoever wants to save it; `undefined` where it can.
 * ThingsBoard saves any text, and then admits nobody by it.
 */
export function problemOfPattern(pattern: string): string | undefined {
  if (pattern.length > LONGEST_PATTERN) return `it is longer than ${LONGEST_PATTERN} characters`;
  try {
    const parsed = parsePattern(pattern);
    if (parsed.groups === 0) return 'it has no group: the device’s name is what group 1 matches';
    for (const name of TRIAL_NAMES)
      findFirst(
        parsed,
        Array.from(name, (one) => one.codePointAt(0) as number),
      );
    return undefined;
  } catch (error) {
    if (error instanceof PatternProblem) return error.message;
    if (error instanceof PatternTooComplex) return 'names could take too long to be searched by it';
    throw error;
  }
}

/** Profiles are few and their patterns repeat, so what was read is kept, up to a bound. */
const parsedPatterns = new Map<string, ParsedPattern | undefined>();
const KEPT_PATTERNS = 1_000;

function parsedPattern(pattern: string): ParsedPattern | undefined {
  if (pattern.length > LONGEST_PATTERN) return undefined;
  if (parsedPatterns.has(pattern)) return parsedPatterns.get(pattern);
  let parsed: ParsedPattern | undefined;
  try {
    parsed = parsePattern(pattern);
  } catch (error) {
    if (!(error instanceof PatternProblem)) throw error;
  }
  if (parsedPatterns.size >= KEPT_PATTERNS) parsedPatterns.clear();
  parsedPatterns.set(pattern, parsed);
  return parsed;
}
