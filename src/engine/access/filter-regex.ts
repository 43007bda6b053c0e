import type { FilterPattern } from '../../model/topic-rules.ts';
import { isReserved } from './matching.ts';

/**
 * Writes filters as regular expressions that `java.util.regex` and JavaScript read alike, for a broker that matches
 * whole texts (`brokers/tbmq/tbmq.md` section 3). All of them are linear: a star applies only to a class of
 * characters.
 *
 * The results are meant to stand between `^` and `$`.
 */

/**
 * Escapes every ASCII character except letters and digits: a backslash before such a character means the character
 * itself in both dialects.
 */
export function quote(text: string): string {
  return text.replace(/[^A-Za-z0-9\u0080-\u{10ffff}]/gu, '\\$&');
}

/** [MQTT-4.7.2-1]: a leading wildcard does not match `$` topics. */
const NOT_RESERVED = '(?!\\$)';

/**
 * Matches the topics that the filter matches. `.` would stop at a line end, so classes are used for "any
 * character".
 */
export function topicsOf(filter: FilterPattern): string {
  return spell(filter, { plus: '[^/]*', tail: '(?:/[\\s\\S]*)?', all: '[\\s\\S]*' });
}

/** Matches valid filters that match only topics of this filter. */
export function filtersWithin(filter: FilterPattern): string {
  return spell(filter, { plus: '(?:\\+|[^/+#]*)', tail: '(?:/[^#]*#?)?', all: '[^#]*#?' });
}

function spell(
  { levels, everything }: FilterPattern,
  words: { readonly plus: string; readonly tail: string; readonly all: string },
): string {
  const guard = everything ? '' : NOT_RESERVED;
  if (levels[0] === '#') return guard + words.all;
  let text = levels[0] === '+' ? guard + words.plus : quote(levels[0] as string);
  for (const level of levels.slice(1)) {
    if (level === '#') return text + words.tail;
    text += `/${level === '+' ? words.plus : quote(level)}`;
  }
  return text;
}

/** Matches valid filters that have a topic in common with this filter. */
export function filtersMeeting({ levels, everything }: FilterPattern): string {
  const first = levels[0] as string;
  const guard = everything ? '' : NOT_RESERVED;
  if (first === '#') return `${guard}[\\s\\S]*`;
  if (first === '+') return `(?:#|${guard}[^/#]*${meetingBelow(levels, 1)})`;
  // A filter with a leading wildcard matches no `$` topic.
  if (isReserved(first)) return quote(first) + meetingBelow(levels, 1);
  return `(?:#|(?:\\+|${quote(first)})${meetingBelow(levels, 1)})`;
}

function meetingBelow(levels: readonly string[], at: number): string {
  const level = levels[at];
  if (level === undefined) return '(?:/#)?';
  if (level === '#') return '(?:/[\\s\\S]*)?';
  const here = level === '+' ? '[^/#]*' : `(?:\\+|${quote(level)})`;
  return `/(?:#|${here}${meetingBelow(levels, at + 1)})`;
}
