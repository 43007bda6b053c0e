import type { FilledRule, Qos, RuleSet } from '../../model/topic-rules.ts';
import type { TopicSubject } from '../../model/topic-subject.ts';
import { decideTopic, type TopicOptions, type TopicQuestion } from './decide-topic.ts';
import { filtersMeeting, filtersWithin, quote, topicsOf } from './filter-regex.ts';
import { overlaps } from './matching.ts';
import { rulesFor } from './rule-set.ts';
import { knownPublishTopics, knownSubscribeFilters, mayUse, NUMBERED } from './thingsboard-table.ts';

/**
 * `authRules` of TBMQ's answer (`brokers/tbmq/tbmq.md` section 2). Both lists are always sent; an empty one allows
 * nothing.
 */
export interface TbmqRules {
  readonly pub: readonly string[];
  readonly sub: readonly string[];
}

/**
 * Writes the subject's rules as TBMQ's patterns. In TBMQ any matching pattern allows, none denies, and there is no
 * QoS. So each allow becomes a pattern that excludes the overlapping denies before it. An allow with a condition is
 * omitted; a deny with a condition always counts. The result never allows more than `decideTopic`. It allows less
 * for conditions, and for filters that only several rules together allow.
 *
 * A pattern that does not compile opens everything (section 2), so all texts are quoted, and only syntax that both
 * engines read alike is used.
 */
export function tbmqRules(subject: TopicSubject, rules: RuleSet, options: TopicOptions): TbmqRules {
  const known = subject.role === 'provisioning_session';
  const publish = known ? [] : rulesFor(rules, subject, 'publish');
  const subscribe = known ? [] : rulesFor(rules, subject, 'subscribe');
  return {
    pub: [
      ...patterns(publish, 'publish', topicsOf, topicsOf),
      ...exactTopics(subject, rules, options, 'publish', knownPublishTopics(subject)),
      ...numberedTopics(subject, publish),
    ],
    sub: [
      ...patterns(subscribe, 'subscribe', filtersWithin, filtersMeeting),
      // Without mount points these are refused, unless a rule above allows them.
      ...(options.perDeviceMountpoint
        ? exactTopics(subject, rules, options, 'subscribe', knownSubscribeFilters(subject))
        : []),
    ],
  };
}

function patterns(
  rules: readonly FilledRule[],
  action: 'publish' | 'subscribe',
  allowing: (rule: FilledRule) => string,
  denying: (rule: FilledRule) => string,
): string[] {
  const denies: FilledRule[] = [];
  const list: string[] = [];
  for (const rule of rules) {
    if (!rule.allow) {
      denies.push(rule);
    } else if (!rule.source.conditional[action]) {
      list.push(anchored(excludingDenies(denies, rule.levels, denying) + allowing(rule)));
    }
  }
  return list;
}

function anchored(pattern: string): string {
  return `^${pattern}$`;
}

/** A look-ahead that excludes the denies which overlap the filter. */
function excludingDenies(
  denies: readonly FilledRule[],
  filter: readonly string[],
  denying: (rule: FilledRule) => string,
): string {
  const conflicting = denies.filter((rule) => overlaps(rule, filter)).map(denying);
  return conflicting.length === 0 ? '' : `(?!(?:${conflicting.join('|')})$)`;
}

/** ThingsBoard's plain topics that no rule denies under any circumstances. */
function exactTopics(
  subject: TopicSubject,
  rules: RuleSet,
  options: TopicOptions,
  action: 'publish' | 'subscribe',
  topics: readonly string[],
): string[] {
  return topics
    .filter((topic) =>
      circumstances(rules.conditional[action]).every(
        (more) => decideTopic(subject, { action, topic, ...more }, rules, options).allowed,
      ),
    )
    .map((topic) => anchored(quote(topic)));
}

function circumstances(conditional: boolean): readonly Pick<TopicQuestion, 'qos' | 'retain'>[] {
  if (!conditional) return [{}];
  const levels: readonly Qos[] = [0, 1, 2];
  return levels.flatMap((qos) => [false, true].map((retain) => ({ qos, retain })));
}

function numberedTopics(subject: TopicSubject, rules: readonly FilledRule[]): string[] {
  const denies = rules.filter((rule) => !rule.allow);
  return NUMBERED.filter(({ filter }) => mayUse(subject, 'publish', filter.replaceAll('+', '1'))).map(
    ({ filter, pattern }) => anchored(excludingDenies(denies, filter.split('/'), topicsOf) + pattern),
  );
}
