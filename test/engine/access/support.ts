import fc from 'fast-check';
import { GLOBAL } from '../../../src/engine/access/rule.ts';
import type { Qos, Rule } from '../../../src/model/topic-rules.ts';
import type { TopicSubject } from '../../../src/model/topic-subject.ts';

export const DEVICE_ID = '0e6b9a70-8f0f-11ee-8f0f-5b5b5b5b5b5b';

export function subject(changes: Partial<TopicSubject> = {}): TopicSubject {
  return {
    role: 'device',
    clientId: 'meter-client',
    username: 'meter-user',
    commonName: 'meter-cn',
    device: {
      id: DEVICE_ID,
      name: 'meter-1',
      tenantId: 'tenant-1',
      profileId: 'profile-id-1',
      profileName: 'meters',
      topics: {},
    },
    ...changes,
  };
}

/** A global rule out of text: `allow subscribe a/+`, with `<clientId>` for the placeholder of that name. */
export function rule(text: string, more: Partial<Rule> = {}): Rule {
  const [permission, action, ...filter] = text.split(' ');
  return {
    permission: permission as Rule['permission'],
    action: action as Rule['action'],
    filter: filter.join(' ').replace(/<([\w.]+)>/g, '$${$1}'),
    scope: GLOBAL,
    ...more,
  };
}

const expressions = new Map<string, RegExp>();

/** A matcher written apart from the product's: MQTT 5, section 4.7, by regular expression. */
export function mqttMatches(filter: string, topic: string): boolean {
  if (topic.startsWith('$') && /^[+#]/.test(filter)) return false;
  let expression = expressions.get(filter);
  if (expression === undefined) {
    const source = filter
      .replace(/[$.*?()[\]{}|\\^]/g, '\\$&')
      .replace(/\+/g, '[^/]*')
      .replace(/^#$/, '.*')
      .replace(/\/#$/, '(?:/.*)?');
    expression = new RegExp(`^${source}$`, 's');
    expressions.set(filter, expression);
  }
  return expression.test(topic);
}

/** Words in rules and filters; topics have one more, which no rule names. */
const WORDS = ['a', 'b', '', '$s'];
const TOPIC_WORDS = [...WORDS, 'z', '$z'];

/** Every topic of up to four levels over the words: one level more than any rule or filter has. */
export const TOPICS: readonly string[] = topics(4).filter((topic) => topic !== '');

function topics(levels: number): string[] {
  if (levels === 1) return TOPIC_WORDS;
  const shorter = topics(levels - 1);
  const exactly = shorter.filter((topic) => topic.split('/').length === levels - 1);
  return [...shorter, ...exactly.flatMap((topic) => TOPIC_WORDS.map((word) => `${topic}/${word}`))];
}

/** Valid filters of up to three levels. */
export const filters: fc.Arbitrary<string> = fc
  .tuple(
    fc.array(
      fc.oneof(
        { weight: 3, arbitrary: fc.constantFrom(...WORDS) },
        { weight: 2, arbitrary: fc.constant('+') },
      ),
      {
        maxLength: 3,
      },
    ),
    fc.boolean(),
  )
  .map(([levels, rest]) => [...levels.slice(0, rest ? 2 : 3), ...(rest ? ['#'] : [])].join('/'))
  .filter((text) => text !== '');

const conditions = fc.record({
  qos: fc.option(fc.subarray<Qos>([0, 1, 2], { minLength: 1 }), { nil: undefined, freq: 3 }),
  retain: fc.option(fc.boolean(), { nil: undefined, freq: 4 }),
});

/** Rule lists, in which a rule's conditions and action vary too. */
export const rules: fc.Arbitrary<Rule[]> = fc.array(
  fc
    .record({
      permission: fc.constantFrom('allow' as const, 'allow' as const, 'deny' as const),
      action: fc.constantFrom('publish' as const, 'subscribe' as const, 'all' as const),
      filter: filters,
      conditions,
    })
    .map(({ conditions: { qos, retain }, ...more }) => ({
      ...more,
      scope: GLOBAL,
      qos,
      retain: more.action === 'subscribe' ? undefined : retain,
    })),
  { maxLength: 6 },
);

/** Rule lists for subscribing, without conditions. */
export const plainRules: fc.Arbitrary<Rule[]> = fc.array(
  fc.record({
    permission: fc.constantFrom('allow' as const, 'allow' as const, 'deny' as const),
    action: fc.constant('subscribe' as const),
    filter: filters,
    scope: fc.constant(GLOBAL),
  }),
  { maxLength: 6 },
);

/** Rules under which a filter's fate depends on which of the first `pairs` levels held an x: on 2 ** pairs states. */
export function entangled(pairs: number, more: Partial<Rule> = {}): Rule[] {
  return Array.from({ length: pairs }, (_, at) => {
    const levels = Array.from({ length: 2 * pairs }, (_, other) => (other % pairs === at ? 'x' : '+'));
    return rule(`allow subscribe ${levels.join('/')}`, more);
  });
}
