import { RE2JS } from 're2js';
import { BoundedMap } from '../../util/bounded-map.ts';

/** Whether a topic, or the text of a subscription, is meant by a profile's custom topic. */
export type ProfileFilter = (text: string) => boolean;

/** `null` for one that cannot be used. */
const compiled = new BoundedMap<string, ProfileFilter | null>(1_000);

/**
 * ThingsBoard's matcher for the custom topics of a device profile (`credentials/thingsboard.md` section 9.2): `#` alone
 * matches everything; a filter with `+` or `#` is a Java regular expression in which only the backslash was escaped; any
 * other is its own text.
 *
 * Expressions run on RE2's engine, in time linear in the topic whatever an operator wrote into a filter and a client into a
 * topic, and RE2 refuses those that would grow large. What cannot be said in RE2 as Java means it cannot be used, so that
 * nothing is matched that ThingsBoard would not match.
 * @returns `undefined` where the filter cannot be used: empty, or an expression that does not compile.
 */
export function profileFilter(filter: string): ProfileFilter | undefined {
  return compiled.getOrMake(filter, () => compile(filter) ?? null) ?? undefined;
}

function compile(filter: string): ProfileFilter | undefined {
  if (filter === '') return undefined;
  if (filter === '#') return () => true;
  if (!/[+#]/.test(filter)) return (text) => text === filter;
  // `/#` means the end, or a slash and anything.
  const java = filter.replaceAll('\\', '\\\\').replaceAll('+', '[^/]+').replaceAll('/#', '($|/.*)');
  const expression = toRe2(java);
  if (expression === undefined) return undefined;
  try {
    const pattern = RE2JS.compile(expression);
    return (text) => pattern.matches(text);
  } catch {
    return undefined;
  }
}

/** Escaped backslash, character class (a `]` in first place is its own), group or count; else one character. */
const TOKEN = /\\\\|\[\^?\]?(?:\\\\|[^\]\\])*\]|\(\?:?|\{\d+(?:,\d*)?\}|./gsu;

/** Java's `.`, which stops at more line ends than RE2's. */
const ANY = '[^\\n\\r\\x{85}\\x{2028}\\x{2029}]';

/**
 * A Java expression as RE2 writes the same. Not so `(?…)` but for plain groups, classes within classes (a `+` in a class
 * becomes one) and their intersection; RE2 itself refuses counts of nothing and of counts, which Java overlooks. A `{` that
 * starts no count is an error in Java.
 */
function toRe2(java: string): string | undefined {
  let expression = '';
  for (const token of java.match(TOKEN) ?? []) {
    if (token === '(?' || token === '{' || token === '[') return undefined;
    if (token.startsWith('[') && /\[|&&/.test(token.slice(1))) return undefined;
    expression += token === '.' ? ANY : token;
  }
  return expression;
}
