import type { DenyReason } from '../../model/decision.ts';
import type { TopicAction } from '../../model/question.ts';
import type { Qos, RuleSet } from '../../model/topic-rules.ts';
import type { TopicSubject } from '../../model/topic-subject.ts';
import { applies } from './compile.ts';
import { type Containment, containment } from './containment.ts';
import { hasWildcard } from './matching.ts';
import { firstRule, mayMatch, rulesFor } from './rule-set.ts';
import { mayReceive, mayUse } from './thingsboard-table.ts';
import { isTopicName, readTopicFilter, readTopicName, withoutSharing } from './topic.ts';

/** One action on a topic (publish, receive) or filter (subscribe, including a `$share/group/` prefix). */
export interface TopicQuestion {
  readonly action: TopicAction;
  readonly topic: string;
  /** `undefined` if the broker does not report it. Then rules with a condition allow nothing and deny as usual. */
  readonly qos?: Qos | undefined;
  readonly retain?: boolean | undefined;
}

export interface TopicOptions {
  /** Whether the broker gives each device a mount point, so that devices do not share ThingsBoard's topics. */
  readonly perDeviceMountpoint: boolean;
  /** Limit for checking one filter, see `containment.ts`. */
  readonly maximumSteps?: number | undefined;
}

export type TopicDecision =
  | { readonly allowed: true; readonly by: string }
  | {
      readonly allowed: false;
      readonly reason: DenyReason;
      readonly by: string;
      /** A topic that the filter matches and the device may not receive. */
      readonly topic?: string | undefined;
    };

const BY_TABLE = 'ThingsBoard’s topics';
const BY_DEFAULT = 'no rule';

/**
 * Decides one action. Operators' rules come first, then the device's own namespace, then ThingsBoard's table; the
 * first that matches decides, and anything else is denied.
 *
 * ThingsBoard's table compares texts and is not mixed with the rules: a filter is allowed if the rules allow all of
 * it, or if it is one of ThingsBoard's and no rule denies any part of it. Without a mount point per device,
 * ThingsBoard's filters are refused: `v1/devices/me/rpc/request/+` would be one topic with all devices' messages.
 *
 * Operators' rules do not apply to a provisioning session, which is not a device yet. It has two topics
 * (`engine/credentials/thingsboard.md` section 9.5); the restriction of subscriptions above applies to it too.
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
  if (subject.role !== 'provisioning_session' && mayMatch(rules, question.topic)) {
    const asked = { action: 'publish', qos: question.qos, retain: question.retain } as const;
    const rule = firstRule(rules, subject, asked, question.topic.split('/'));
    if (rule !== undefined) return byRule(rule.allow, rule.source.description);
  }
  if (mayUse(subject, 'publish', question.topic)) return { allowed: true, by: BY_TABLE };
  return { allowed: false, reason: 'topic_not_allowed', by: BY_DEFAULT };
}

/**
 * A delivery is allowed if the subject may subscribe to its topic at any QoS. The delivery's QoS is the lower of
 * two, so it does not tell the subscription's.
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
  // Includes the sharing prefix: ThingsBoard grants no shared subscriptions (`engine/credentials/thingsboard.md` section
  // 9).
  const known = mayUse(subject, 'subscribe', question.topic);
  if (subject.role === 'provisioning_session') return byTable(known, options);

  const asked = { action: 'subscribe', qos: question.qos } as const;
  if (!hasWildcard(filter)) {
    const rule = firstRule(rules, subject, asked, filter);
    return rule === undefined ? byTable(known, options) : byRule(rule.allow, rule.source.description);
  }
  const live = rulesFor(rules, subject, 'subscribe').filter((rule) => applies(rule.source, asked));
  const { maximumSteps } = options;
  const contained = containment(filter, live, { maximumSteps });
  if (contained.outcome === 'allowed') {
    return { allowed: true, by: contained.rule?.source.description ?? 'several rules together' };
  }
  if (known && contained.outcome === 'refused') {
    // The table decides what no rule matches; a deny of any part of the filter takes precedence.
    const spared = containment(filter, live, { maximumSteps, allowUnmatched: true });
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
  if (options.perDeviceMountpoint) return { allowed: true, by: BY_TABLE };
  return { allowed: false, reason: 'topic_shared_between_devices', by: BY_TABLE };
}

function invalid(by: string): TopicDecision {
  return { allowed: false, reason: 'topic_invalid', by };
}
