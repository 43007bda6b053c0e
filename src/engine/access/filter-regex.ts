import type { FilterPattern } from '../../model/topic-rules.ts';
import { isReserved } from './matching.ts';

/**
 * Filters as regular expressions that `java.util.regex` and JavaScript read alike, for a broker that matches whole texts
 * (`brokers/tbmq.md` section 3). All of them are linear: no star stands over anything but one class of characters.
 *
 * Their texts go between `^` and `$`.
 */

/** Backslash before every ASCII character that is no letter or digit: in both dialects that is the character itself. */
export function quote(text: string): string {
  return text.replace(/[^A-Za-z0-9\u0080-\u{10ffff}]/gu, '\\$&');
}

/** [MQTT-4.7.2-1]: a leading wildcard matches no `$` topic. */
const NOT_RESERVED = '(?!\\$)';

/** The topics that the filter matches. `.` would stop at a line end, so classes stand for "any". */
export function topicsOf(filter: FilterPattern): string {
  return spell(filter, { plus: '[^/]*', tail: '(?:/[\\s\\S]*)?', all: '[\\s\\S]*' });
}

/** The texts of valid filters that match nothing but what the filter matches. */
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

/** The texts of valid filters that match some topic that the filter matches too. */
export function filtersMeeting({ levels, everything }: FilterPattern): string {
  const first = levels[0] as string;
  const guard = everything ? '' : NOT_RESERVED;
  if (first === '#') return `${guard}[\\s\\S]*`;
  if (first === '+') return `(?:#|${guard}[^/#]*${meetingBelow(levels, 1)})`;
  // A filter with a wildcard in front matches no `$` topic.
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
