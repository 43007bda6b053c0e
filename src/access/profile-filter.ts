import { RE2JS } from 're2js';

/** Whether a topic, or the text of a subscription, is meant by a profile's custom topic. */
export type ProfileFilter = (text: string) => boolean;

const compiled = new Map<string, ProfileFilter | undefined>();
const KEPT_FILTERS = 1_000;

/**
 * ThingsBoard's matcher for the custom topics of a device profile (`credentials/thingsboard.md` section 9.2): `#` alone
 * matches everything; a filter with `+` or `#` is a regular expression in which only the backslash was escaped; any other
 * is its own text.
 *
 * Expressions run on RE2's engine, in time linear in the topic, whatever an operator wrote into a filter and a client into
 * a topic. What RE2 does not know (lookahead) cannot be used.
 * @returns `undefined` where the filter cannot be used: empty, or an expression that does not compile.
 */
export function profileFilter(filter: string): ProfileFilter | undefined {
  if (compiled.has(filter)) return compiled.get(filter);
  const matcher = compile(filter);
  if (compiled.size >= KEPT_FILTERS) compiled.clear();
  compiled.set(filter, matcher);
  return matcher;
}

function compile(filter: string): ProfileFilter | undefined {
  if (filter === '') return undefined;
  if (filter === '#') return () => true;
  if (!/[+#]/.test(filter)) return (text) => text === filter;
  // `/#` means the end, or a slash and anything; `.` stops at Java's line terminators as at RE2's line feed.
  const expression = filter.replaceAll('\\', '\\\\').replaceAll('+', '[^/]+').replaceAll('/#', '($|/.*)');
  if (/\{(?!\d+(?:,\d*)?\})/.test(expression)) return undefined;
  try {
    const pattern = RE2JS.compile(expression);
    return (text) => pattern.matches(text);
  } catch {
    return undefined;
  }
}
