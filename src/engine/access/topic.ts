/**
 * MQTT topic names and topic filters as lists of levels: which texts are valid, and what stands in front of a filter.
 *
 * In such a list `+` and `#` are always wildcards: a valid filter cannot hold them as anything else [MQTT-4.7.1-2],
 * [MQTT-4.7.1-3].
 */

/** MQTT strings are at most this many bytes of UTF-8 [MQTT-4.7.3-3]. */
const MAXIMUM_BYTES = 65_535;

/** No UTF-16 code unit takes more than three bytes of UTF-8, so shorter texts need no counting. */
const SURELY_SHORT = Math.floor(MAXIMUM_BYTES / 3);

const NOT_IN_A_TOPIC = /[+#\0]/;
const WILDCARD = /[+#]/;

/** True for texts that MQTT can carry as a topic name: not empty, not too long, no wildcard, no NUL [MQTT-4.7.3-1], [MQTT-4.7.3-2]. */
export function isTopicName(text: string): boolean {
  return fits(text) && !NOT_IN_A_TOPIC.test(text);
}

/**
 * The levels of a topic name, or `undefined` when it is none: a publish may not hold wildcards [MQTT-3.3.2-2].
 */
export function readTopicName(text: string): string[] | undefined {
  return isTopicName(text) ? text.split('/') : undefined;
}

/** The levels of a topic filter, or `undefined` when it is none [MQTT-4.7.1-1], [MQTT-4.7.1-2]. */
export function readTopicFilter(text: string): string[] | undefined {
  if (!fits(text) || text.includes('\0')) return undefined;
  const levels = text.split('/');
  if (!WILDCARD.test(text)) return levels;
  const last = levels.length - 1;
  for (let at = 0; at <= last; at++) {
    const level = levels[at] as string;
    if (level === '+' || (level === '#' && at === last)) continue;
    if (WILDCARD.test(level)) return undefined;
  }
  return levels;
}

function fits(text: string): boolean {
  if (text === '' || !text.isWellFormed()) return false;
  return text.length <= SURELY_SHORT || Buffer.byteLength(text, 'utf8') <= MAXIMUM_BYTES;
}

/**
 * The filter behind `$share/<group>/`, `$queue/` or `$exclusive/`, which say how messages are shared out and not which
 * ones: rules are about the filter alone. `undefined` when the group or the filter is missing, the group holds a
 * wildcard [MQTT-4.8.2-1], [MQTT-4.8.2-2], or another such front follows: brokers do not agree on what that means.
 *
 * `$delayed/<seconds>/` in front of a publish stays: the broker that knows it (`brokers/emqx.md` section 5) takes it off
 * itself, and for any other it is a `$` topic like every other, which no wildcard reaches.
 */
export function withoutSharing(text: string): string | undefined {
  if (!text.startsWith('$')) return text;
  let rest = text;
  if (text.startsWith('$share/')) {
    const end = text.indexOf('/', 7);
    if (end <= 7 || WILDCARD.test(text.slice(7, end))) return undefined;
    rest = text.slice(end + 1);
  } else if (text.startsWith('$queue/')) {
    rest = text.slice(7);
  } else if (text.startsWith('$exclusive/')) {
    rest = text.slice(11);
  } else {
    return text === '$share' || text === '$queue' || text === '$exclusive' ? undefined : text;
  }
  return rest === '' || hasSharing(rest) ? undefined : rest;
}

/** True where a text begins as a shared, queued or exclusive subscription does. */
export function hasSharing(text: string): boolean {
  return /^\$(?:share|queue|exclusive)(?:\/|$)/.test(text);
}
