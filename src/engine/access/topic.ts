/**
 * MQTT topic names and topic filters as lists of levels: which texts are valid, and which prefixes a filter may
 * have.
 *
 * In such a list `+` and `#` are always wildcards, because a valid filter contains them only as whole levels
 * [MQTT-4.7.1-2], [MQTT-4.7.1-3].
 */

/** The maximum length of an MQTT string in bytes of UTF-8 [MQTT-4.7.3-3]. */
const MAX_BYTES = 65_535;

/** A UTF-16 code unit takes at most three bytes of UTF-8, so shorter texts need no counting. */
const MAX_UNCOUNTED_LENGTH = Math.floor(MAX_BYTES / 3);

const NOT_IN_A_TOPIC = /[+#\0]/;
const WILDCARD = /[+#]/;

/**
 * Whether MQTT can carry the text as a topic name: not empty, not too long, no wildcard, no NUL [MQTT-4.7.3-1],
 * [MQTT-4.7.3-2].
 */
export function isTopicName(text: string): boolean {
  return isValidText(text) && !NOT_IN_A_TOPIC.test(text);
}

/**
 * The levels of a topic name; `undefined` for an invalid one. A publish must not contain wildcards [MQTT-3.3.2-2].
 */
export function readTopicName(text: string): string[] | undefined {
  return isTopicName(text) ? text.split('/') : undefined;
}

/** The levels of a topic filter; `undefined` for an invalid one [MQTT-4.7.1-1], [MQTT-4.7.1-2]. */
export function readTopicFilter(text: string): string[] | undefined {
  if (!isValidText(text) || text.includes('\0')) return undefined;
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

function isValidText(text: string): boolean {
  if (text === '' || !text.isWellFormed()) return false;
  return text.length <= MAX_UNCOUNTED_LENGTH || Buffer.byteLength(text, 'utf8') <= MAX_BYTES;
}

/**
 * The filter after `$share/<group>/`, `$queue/` or `$exclusive/`. Such a prefix says how messages are distributed,
 * not which; rules are about the filter only. `undefined` if the group or the filter is missing, the group contains
 * a wildcard [MQTT-4.8.2-1], [MQTT-4.8.2-2], or another such prefix follows, about which brokers disagree.
 *
 * `$delayed/<seconds>/` before a publish stays: the broker that supports it (`brokers/emqx/emqx.md` section 5)
 * removes it, and for any other broker it is an ordinary `$` topic, which no wildcard matches.
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

/** Whether a text begins like a shared, queued or exclusive subscription. */
export function hasSharing(text: string): boolean {
  return /^\$(?:share|queue|exclusive)(?:\/|$)/.test(text);
}
