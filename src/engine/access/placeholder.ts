import type { Level, OpenLevel, Placeholder } from '../../model/topic-rules.ts';
import type { TopicSubject } from '../../model/topic-subject.ts';
import { isReserved } from './matching.ts';

/** The placeholders of rules and the source of their values: never a value that a client merely claims. */
const SOURCES = {
  clientId: (subject) => subject.clientId,
  username: (subject) => subject.username,
  'device.id': (subject) => subject.device?.id,
  'device.name': (subject) => subject.device?.name,
  'profile.name': (subject) => subject.device?.profileName,
  'tenant.id': (subject) => subject.device?.tenantId,
  'certificate.cn': (subject) => subject.commonName,
} as const satisfies Record<Placeholder, (subject: TopicSubject) => string | undefined>;

const PLACEHOLDERS = Object.keys(SOURCES) as readonly Placeholder[];

/** Values with these could span several levels, or be read as a placeholder by the next reader. */
const UNUSABLE = /[+#/\0]|\$\{|\p{Surrogate}/u;

/**
 * Parses one level of a rule's filter.
 * @returns the text itself if it contains no placeholder.
 * @throws {SyntaxError} for a `${` that does not begin a known placeholder.
 */
export function readLevel(text: string): Level {
  if (!text.includes('${')) return text;
  const texts: string[] = [];
  const placeholders: Placeholder[] = [];
  let at = 0;
  for (let start = text.indexOf('${'); start >= 0; start = text.indexOf('${', at)) {
    const end = text.indexOf('}', start);
    const name = end < 0 ? text.slice(start + 2) : text.slice(start + 2, end);
    if (end < 0 || !isPlaceholder(name)) {
      const known = PLACEHOLDERS.map((one) => `\${${one}}`).join(', ');
      throw new SyntaxError(`"\${${name}${end < 0 ? '' : '}'}" is not one of the placeholders ${known}`);
    }
    texts.push(text.slice(at, start));
    placeholders.push(name);
    at = end + 1;
  }
  texts.push(text.slice(at));
  return { texts, placeholders };
}

function isPlaceholder(name: string): name is Placeholder {
  return Object.hasOwn(SOURCES, name);
}

/**
 * Fills a level with the subject's values; `undefined` if a value is missing, empty or not exactly one level.
 * @param first whether it is the filter's first level. There a value must not begin a `$` topic, which wildcards do
 *   not match either [MQTT-4.7.2-1].
 */
export function fillLevel(level: OpenLevel, subject: TopicSubject, first: boolean): string | undefined {
  let filled = level.texts[0] as string;
  const opensWithValue = filled === '';
  for (let at = 0; at < level.placeholders.length; at++) {
    const value = SOURCES[level.placeholders[at] as Placeholder](subject);
    if (value === undefined || value === '' || UNUSABLE.test(value)) return undefined;
    filled += value + (level.texts[at + 1] as string);
  }
  return first && opensWithValue && isReserved(filled) ? undefined : filled;
}
