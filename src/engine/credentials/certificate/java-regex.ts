import { RE2JS } from 're2js';
import { isThingPassError, ThingPassError } from '../../../model/errors.ts';
import { BoundedMap } from '../../../util/bounded-map.ts';
import { translateJavaRegex } from './java-regex-translation.ts';

/** Characters; a common name has 64 at most (RFC 5280 appendix A.1), and a device's name 255. */
const LONGEST_NAME = 1_024;

/** What Java's `group(1)` gives after `find`: null where the group took no part. */
export interface FirstGroup {
  readonly group: string | null;
}

/** Why a search gave no group, in words that follow "the profile's pattern cannot be used:". */
export interface NoFirstGroup {
  readonly problem: string;
}

/** Patterns of profiles, which are few and operators write: what each was compiled to, or why it was not. */
const compiledPatterns = new BoundedMap<string, RE2JS | ThingPassError<'pattern_invalid'>>(1_000);

/**
 * Searches a name as ThingsBoard does (`thingsboard.md` section 4.4): unanchored, and group 1 is the answer.
 *
 * ThingsBoard searches with Java's engine, which backtracks: some patterns keep it busy for ever. Here RE2 searches, in time that
 * grows with the length of the name times that of the pattern, both of which are bounded: 10 to 50 ms at worst. A pattern
 * means what it means in Java or is refused (`translateJavaRegex`). Two kinds of names are not searched although Java would:
 * those that end in a line end, before which Java's `$` matches already; and those beyond ASCII by a pattern with `\b`, which
 * in Java knows all letters.
 */
export function findFirstGroup(pattern: string, name: string): FirstGroup | NoFirstGroup {
  const compiled = compiledPatterns.getOrMake(pattern, compile);
  if (isThingPassError(compiled, 'pattern_invalid')) return { problem: compiled.message };
  if (name.length > LONGEST_NAME) return { problem: `the name is longer than ${LONGEST_NAME} characters` };
  if (/[\n\r\u0085\u2028\u2029]$/.test(name)) return { problem: 'the name ends in a line end' };
  if (/\\b/i.test(compiled.pattern()) && /\P{ASCII}/u.test(name))
    return { problem: 'it looks for ends of words, \\b, and the name has characters beyond ASCII' };
  const matcher = compiled.matcher(name);
  return matcher.find() ? { group: matcher.group(1) } : { problem: 'it finds nothing in the name' };
}

/**
 * Why a `certificateRegExPattern` cannot be honoured, in words for the person who wants to save it; `undefined` where it can.
 * ThingsBoard saves any text, and then admits nobody by it.
 */
export function problemOfPattern(pattern: string): string | undefined {
  const compiled = compile(pattern);
  return isThingPassError(compiled, 'pattern_invalid') ? compiled.message : undefined;
}

function compile(pattern: string): RE2JS | ThingPassError<'pattern_invalid'> {
  try {
    const { expression, repeated } = translateJavaRegex(pattern);
    const compiled = compileRe2(expression);
    if (compiled.groupCount() === 0)
      return new ThingPassError(
        'pattern_invalid',
        'it has no group: the device’s name is what group 1 matches',
      );
    if (repeated.some(matchesNothing))
      return new ThingPassError(
        'pattern_invalid',
        'it repeats what may match nothing, such as (a*)*, and engines differ there',
      );
    return compiled;
  } catch (error) {
    if (isThingPassError(error, 'pattern_invalid')) return error;
    throw error;
  }
}

/** @throws {ThingPassError} `pattern_invalid` for what only RE2 knows to be wrong, such as a script that does not exist. */
function compileRe2(expression: string): RE2JS {
  try {
    return RE2JS.compile(expression);
  } catch (error) {
    throw new ThingPassError('pattern_invalid', error instanceof Error ? error.message : String(error));
  }
}

/** Whether an expression can match the empty text, in whatever surroundings. */
function matchesNothing(expression: string): boolean {
  return RE2JS.matches(expression.replaceAll(/\\[bB]/g, ''), '');
}
