import type { FilterPattern } from '../../model/topic-rules.ts';

/** How filters, given as levels, relate to topics and to each other (MQTT 5, section 4.7). */

const DOLLAR = 0x24;

/** Whether a level is a wildcard: `+` or `#`. */
export function isWildcard(level: string | undefined): boolean {
  return level === '+' || level === '#';
}

/** Whether a first level begins with `$`. Filters with a leading wildcard do not match such topics [MQTT-4.7.2-1]. */
export function isReserved(level: string | undefined): boolean {
  return level !== undefined && level.charCodeAt(0) === DOLLAR;
}

/** Whether a filter contains a wildcard. */
export function hasWildcard(levels: readonly string[]): boolean {
  return levels.includes('+') || levels[levels.length - 1] === '#';
}

/** Whether the filter matches the topic. `a/#` also matches `a` (MQTT 5, section 4.7.1.2). */
export function matches(filter: FilterPattern, topic: readonly string[]): boolean {
  const { levels } = filter;
  if (isReserved(topic[0]) && isWildcard(levels[0]) && !filter.everything) return false;
  for (let at = 0; at < levels.length; at++) {
    const level = levels[at];
    if (level === '#') return true;
    if (at >= topic.length || (level !== '+' && level !== topic[at])) return false;
  }
  return topic.length === levels.length;
}

/**
 * Whether some topic matches both filters. Exact: the empty text, which both `+` and `/#` would match, is not a
 * topic [MQTT-4.7.3-1].
 */
export function overlaps(filter: FilterPattern, other: readonly string[]): boolean {
  const { levels } = filter;
  if (isReserved(other[0]) && isWildcard(levels[0]) && !filter.everything) return false;
  if (isReserved(levels[0]) && isWildcard(other[0])) return false;
  for (let at = 0; ; at++) {
    const left = levels[at];
    const right = other[at];
    if (left === '#' || right === '#') {
      const onlyFirstLevel = at === 1 && (left === undefined || right === undefined);
      return !(onlyFirstLevel && (levels[0] === '' || other[0] === ''));
    }
    if (left === undefined || right === undefined) return left === right;
    if (left !== '+' && right !== '+' && left !== right) return false;
  }
}

/** Whether the filter matches every topic that `other` matches. May return false although it does (`+/#` and `#`). */
export function covers(filter: FilterPattern, other: readonly string[]): boolean {
  const { levels } = filter;
  if (isReserved(other[0]) && isWildcard(levels[0]) && !filter.everything) return false;
  for (let at = 0; ; at++) {
    const left = levels[at];
    const right = other[at];
    if (left === '#') return true;
    if (left === undefined || right === undefined) return left === right;
    if (right === '#' || (left !== '+' && left !== right)) return false;
  }
}
