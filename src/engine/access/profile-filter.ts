import { RE2JS } from 're2js';
import { BoundedMap } from '../../util/bounded-map.ts';

/** Whether a profile's custom topic matches a topic, or the text of a subscription. */
export type ProfileFilter = (text: string) => boolean;

/** `null` for an unusable filter. */
const compiled = new BoundedMap<string, ProfileFilter | null>(1_000);

/**
 * Compiles a device profile's custom topic as ThingsBoard does (`engine/credentials/thingsboard.md` section 9.2): `#`
 * alone matches everything; a filter with `+` or `#` is a Java regular expression in which only the backslash is
 * escaped; any other filter is compared as text.
 *
 * Expressions run on RE2's engine, in time linear in the topic for any filter and topic, and RE2 refuses large
 * ones. An expression that RE2 cannot express with Java's meaning is unusable, so that nothing matches that
 * ThingsBoard would not match.
 * @returns `undefined` if the filter is unusable: empty, or an expression that does not compile.
 */
export function profileFilter(filter: string): ProfileFilter | undefined {
  return compiled.getOrMake(filter, () => compile(filter) ?? null) ?? undefined;
}

function compile(filter: string): ProfileFilter | undefined {
  if (filter === '') return undefined;
  if (filter === '#') return () => true;
  if (!/[+#]/.test(filter)) return (text) => text === filter;
  // `/#` means the end of the text, or a slash and anything.
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

/** An escaped backslash, a character class (a leading `]` is literal), a group, a count, or any other character. */
const TOKEN = /\\\\|\[\^?\]?(?:\\\\|[^\]\\])*\]|\(\?:?|\{\d+(?:,\d*)?\}|./gsu;

/** Java's `.`, which excludes more line ends than RE2's. */
const ANY = '[^\\n\\r\\x{85}\\x{2028}\\x{2029}]';

/**
 * Translates a Java expression to RE2. Refused are `(?…)` except plain groups, nested classes (a `+` in a class
 * becomes one), their intersection, and a `{` that begins no count, an error in Java. RE2 itself refuses counts of
 * nothing and of counts, which Java accepts.
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
