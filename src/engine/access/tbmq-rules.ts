import type { FilledRule, Qos, RuleSet } from '../../model/topic-rules.ts';
import type { TopicSubject } from '../../model/topic-subject.ts';
import { decideTopic, type TopicOptions, type TopicQuestion } from './decide-topic.ts';
import { filtersMeeting, filtersWithin, quote, topicsOf } from './filter-regex.ts';
import { overlaps } from './matching.ts';
import { rulesOf } from './rule-set.ts';
import { knownPublishTopics, knownSubscribeFilters, mayUse, NUMBERED } from './thingsboard-table.ts';

/** `authRules` of TBMQ's answer (`brokers/tbmq.md` section 2): both lists always, an empty one allows nothing. */
export interface TbmqRules {
  readonly pub: readonly string[];
  readonly sub: readonly string[];
}

/**
 * The holder's rules as TBMQ's patterns: any of them allows, none denies, and there is no QoS. So each allow becomes a
 * pattern that steps around the denies before it that it meets; an allow with a condition is left out, a deny with one
 * stands for all. Never wider than `decideTopic`; narrower for conditions, and for filters that only several rules
 * together allow.
 *
 * One pattern that does not compile opens everything (section 2), so all texts are quoted, and nothing is used but what
 * each engine reads alike.
 */
export function tbmqRules(subject: TopicSubject, rules: RuleSet, options: TopicOptions): TbmqRules {
  const known = subject.role === 'provisioning_session';
  const publish = known ? [] : rulesOf(rules, subject, 'publish');
  const subscribe = known ? [] : rulesOf(rules, subject, 'subscribe');
  return {
    pub: [
      ...patterns(publish, 'publish', topicsOf, topicsOf),
      ...exactly(subject, rules, options, 'publish', knownPublishTopics(subject)),
      ...numbered(subject, publish),
    ],
    sub: [
      ...patterns(subscribe, 'subscribe', filtersWithin, filtersMeeting),
      // On a shared broker these are refused, unless a rule above allows them.
      ...(options.mountedApart
        ? exactly(subject, rules, options, 'subscribe', knownSubscribeFilters(subject))
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
      list.push(whole(around(denies, rule.levels, denying) + allowing(rule)));
    }
  }
  return list;
}

function whole(pattern: string): string {
  return `^${pattern}$`;
}

/** Steps around the denies that meet the filter. */
function around(
  denies: readonly FilledRule[],
  filter: readonly string[],
  denying: (rule: FilledRule) => string,
): string {
  const inTheWay = denies.filter((rule) => overlaps(rule, filter)).map(denying);
  return inTheWay.length === 0 ? '' : `(?!(?:${inTheWay.join('|')})$)`;
}

/** ThingsBoard's plain topics, those that no rule denies under any circumstances. */
function exactly(
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
    .map((topic) => whole(quote(topic)));
}

function circumstances(conditional: boolean): readonly Pick<TopicQuestion, 'qos' | 'retain'>[] {
  if (!conditional) return [{}];
  const levels: readonly Qos[] = [0, 1, 2];
  return levels.flatMap((qos) => [false, true].map((retain) => ({ qos, retain })));
}

function numbered(subject: TopicSubject, rules: readonly FilledRule[]): string[] {
  const denies = rules.filter((rule) => !rule.allow);
  return NUMBERED.filter(({ filter }) => mayUse(subject, 'publish', filter.replaceAll('+', '1'))).map(
    ({ filter, pattern }) => whole(around(denies, filter.split('/'), topicsOf) + pattern),
  );
}
