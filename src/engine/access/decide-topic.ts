import type { DenyReason } from '../../model/decision.ts';
import type { TopicAction } from '../../model/question.ts';
import type { Qos, RuleSet } from '../../model/topic-rules.ts';
import type { TopicSubject } from '../../model/topic-subject.ts';
import { applies } from './compile.ts';
import { type Containment, containment } from './containment.ts';
import { hasWildcard } from './matching.ts';
import { firstRule, mayConcern, rulesOf } from './rule-set.ts';
import { mayReceive, mayUse } from './thingsboard-table.ts';
import { isTopicName, readTopicFilter, readTopicName, withoutSharing } from './topic.ts';

/** One action on one topic (publish, receive) or filter (subscribe, with any `$share/group/` in front). */
export interface TopicQuestion {
  readonly action: TopicAction;
  readonly topic: string;
  /** `undefined` where the broker does not tell: then rules with a condition allow nothing and deny all the same. */
  readonly qos?: Qos | undefined;
  readonly retain?: boolean | undefined;
}

export interface TopicOptions {
  /** Whether this broker gives every device a tree of its own (mount point), so that ThingsBoard's topics are not shared. */
  readonly mountedApart: boolean;
  /** Cap for checking one filter, see `containment.ts`. */
  readonly maximumSteps?: number | undefined;
}

export type TopicDecision =
  | { readonly allowed: true; readonly by: string }
  | {
      readonly allowed: false;
      readonly reason: DenyReason;
      readonly by: string;
      /** A topic that the filter would have let through. */
      readonly topic?: string | undefined;
    };

const BY_TABLE = 'ThingsBoard’s topics';
const BY_DEFAULT = 'no rule';

/**
 * What the holder may do: operators' rules first, then the device's own namespace, then ThingsBoard's table; the first
 * that knows the topic decides, and nothing else is allowed.
 *
 * ThingsBoard's table is one of texts and is not mixed with the rules: a filter is allowed by the rules as a whole, or it
 * is one of ThingsBoard's and no rule denies any of it. Subscribing to those is refused where the broker does not mount
 * each device apart: there `v1/devices/me/rpc/request/+` is one topic with everybody's messages.
 *
 * A provisioning session is nobody yet, so operators' rules do not speak of it; it has its two topics
 * (`credentials/thingsboard.md` section 9.5), and the answers of others are no more its business than above.
 */
export function decideTopic(
  subject: TopicSubject,
  question: TopicQuestion,
  rules: RuleSet,
  options: TopicOptions,
): TopicDecision {
  switch (question.action) {
    case 'publish':
      return decidePublish(subject, question, rules);
    case 'subscribe':
      return decideSubscribe(subject, question, rules, options);
    case 'receive':
      return decideReceive(subject, question, rules, options);
  }
}

function decidePublish(subject: TopicSubject, question: TopicQuestion, rules: RuleSet): TopicDecision {
  if (!isTopicName(question.topic)) return invalid('not a topic name');
  if (subject.role !== 'provisioning_session' && mayConcern(rules, question.topic)) {
    const asked = { action: 'publish', qos: question.qos, retain: question.retain } as const;
    const rule = firstRule(rules, subject, asked, question.topic.split('/'));
    if (rule !== undefined) return byRule(rule.allow, rule.source.description);
  }
  if (mayUse(subject, 'publish', question.topic)) return { allowed: true, by: BY_TABLE };
  return { allowed: false, reason: 'topic_not_allowed', by: BY_DEFAULT };
}

/**
 * A delivery is allowed where the holder might have subscribed to its topic, at whatever QoS: messages arrive at the
 * lower of two, so theirs does not tell the subscription's.
 */
function decideReceive(
  subject: TopicSubject,
  question: TopicQuestion,
  rules: RuleSet,
  options: TopicOptions,
): TopicDecision {
  const topic = readTopicName(question.topic);
  if (topic === undefined) return invalid('not a topic name');
  if (subject.role !== 'provisioning_session') {
    const qosLevels: readonly Qos[] = rules.conditional.subscribe ? [0, 1, 2] : [0];
    let denied: TopicDecision | undefined;
    let unknown = false;
    for (const qos of qosLevels) {
      const rule = firstRule(rules, subject, { action: 'subscribe', qos }, topic);
      if (rule?.allow) return byRule(true, rule.source.description);
      if (rule === undefined) unknown = true;
      else denied ??= byRule(false, rule.source.description);
    }
    if (!unknown && denied !== undefined) return denied;
  }
  return byTable(mayReceive(subject, question.topic, topic), options);
}

function decideSubscribe(
  subject: TopicSubject,
  question: TopicQuestion,
  rules: RuleSet,
  options: TopicOptions,
): TopicDecision {
  const text = withoutSharing(question.topic);
  const filter = text === undefined ? undefined : readTopicFilter(text);
  if (text === undefined || filter === undefined) return invalid('not a topic filter');
  // With what stood in front: ThingsBoard grants no shared subscriptions (`credentials/thingsboard.md` section 9).
  const known = mayUse(subject, 'subscribe', question.topic);
  if (subject.role === 'provisioning_session') return byTable(known, options);

  const asked = { action: 'subscribe', qos: question.qos } as const;
  if (!hasWildcard(filter)) {
    const rule = firstRule(rules, subject, asked, filter);
    return rule === undefined ? byTable(known, options) : byRule(rule.allow, rule.source.description);
  }
  const live = rulesOf(rules, subject, 'subscribe').filter((rule) => applies(rule.source, asked));
  const { maximumSteps } = options;
  const contained = containment(filter, live, { maximumSteps });
  if (contained.outcome === 'allowed') {
    return { allowed: true, by: contained.rule?.source.description ?? 'several rules together' };
  }
  if (known && contained.outcome === 'refused') {
    // The table answers for what no rule knows; a deny anywhere in the filter stands.
    const spared = containment(filter, live, { maximumSteps, otherwise: true });
    return spared.outcome === 'allowed' ? byTable(true, options) : refusedBy(spared);
  }
  return refusedBy(contained);
}

function refusedBy(refused: Exclude<Containment, { readonly outcome: 'allowed' }>): TopicDecision {
  if (refused.outcome === 'too_complex') {
    return { allowed: false, reason: 'topic_filter_too_complex', by: 'the rules' };
  }
  const { rule, topic } = refused;
  return rule === undefined
    ? { allowed: false, reason: 'topic_not_allowed', by: BY_DEFAULT, topic }
    : { allowed: false, reason: 'topic_denied_by_rule', by: rule.source.description, topic };
}

function byRule(allowed: boolean, by: string): TopicDecision {
  return allowed ? { allowed, by } : { allowed, reason: 'topic_denied_by_rule', by };
}

function byTable(known: boolean, options: TopicOptions): TopicDecision {
  if (!known) return { allowed: false, reason: 'topic_not_allowed', by: BY_DEFAULT };
  if (options.mountedApart) return { allowed: true, by: BY_TABLE };
  return { allowed: false, reason: 'topic_shared_between_devices', by: BY_TABLE };
}

function invalid(by: string): TopicDecision {
  return { allowed: false, reason: 'topic_invalid', by };
}
