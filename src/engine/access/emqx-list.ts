import type { FilledRule, Permission, Qos, RuleSet } from '../../model/topic-rules.ts';
import type { TopicSubject } from '../../model/topic-subject.ts';
import { ALL_QOS_BITS, applies } from './compile.ts';
import { decideTopic, type TopicOptions } from './decide-topic.ts';
import { hasWildcard, overlaps } from './matching.ts';
import { rulesOf } from './rule-set.ts';
import { knownPublishTopics, knownSubscribeFilters } from './thingsboard-table.ts';

/** One rule of `acl` in EMQX's authentication answer (`brokers/emqx.md` section 4). */
export interface EmqxRule {
  readonly permission: Permission;
  readonly action: 'publish' | 'subscribe' | 'all';
  readonly topics: readonly string[];
  readonly qos?: readonly Qos[];
  readonly retain?: boolean;
}

export interface EmqxListOptions extends TopicOptions {
  /**
   * Whether EMQX asks the authorizer about what the list does not know. Without one the list ends with a deny of
   * everything, and what it cannot say exactly is lost: ThingsBoard's numbered topics, filters that only several rules
   * together allow.
   */
  readonly authorizer: boolean;
  /** Longer lists are cut; what is cut, the authorizer is asked about. */
  readonly maximumRules?: number | undefined;
}

const QOS_LEVELS: readonly Qos[] = [0, 1, 2];

/** `#` does not match topics that begin with `$` (section 4), and `$SYS` is the tree that must stay shut. */
const EVERYTHING = ['#', '$SYS/#'];

/**
 * What EMQX can decide by itself for the length of a connection: never wider than `decideTopic`, and where it says
 * anything about a publish, the same (but for a deny that EMQX would misread, which becomes wider).
 *
 * The deny at the end of the publish rules is sent only when the rules before it say all that is allowed. ThingsBoard's
 * topics with a number in them cannot be said (`+` is wider, and a deny behind them would take them away), so for roles
 * that have them, what no rule matches goes on to the authorizer.
 */
export function emqxList(subject: TopicSubject, rules: RuleSet, options: EmqxListOptions): EmqxRule[] {
  const { authorizer, maximumRules = 250 } = options;
  const publish = publishRules(subject, rules);
  const complete = subject.role === 'provisioning_session';
  if (complete && authorizer) publish.push({ permission: 'deny', action: 'publish', topics: EVERYTHING });
  const list = [...publish.slice(0, maximumRules), ...subscribeRules(subject, rules, options, maximumRules)];
  if (!authorizer) list.push({ permission: 'deny', action: 'all', topics: EVERYTHING });
  return list;
}

/** All rules in their order: EMQX matches a publish as we do. */
function publishRules(subject: TopicSubject, rules: RuleSet): EmqxRule[] {
  const list: EmqxRule[] = [];
  const filled = subject.role === 'provisioning_session' ? [] : rulesOf(rules, subject, 'publish');
  for (const rule of filled) {
    const levels = sayable(rule);
    if (levels === 'everything') {
      list.push({ permission: 'deny', action: 'publish', topics: EVERYTHING });
      return list;
    }
    if (levels !== undefined) list.push({ ...conditionsOf(rule), topics: [levels.join('/')] });
  }
  const known = knownPublishTopics(subject).filter((topic) => isSayable(topic));
  if (known.length > 0) list.push({ permission: 'allow', action: 'publish', topics: known });
  return list;
}

function conditionsOf(rule: FilledRule): Omit<EmqxRule, 'topics'> {
  const { rule: written, qosBits } = rule.source;
  return {
    permission: written.permission,
    action: 'publish',
    ...(qosBits === ALL_QOS_BITS ? {} : { qos: qosOf(qosBits) }),
    ...(written.retain === undefined ? {} : { retain: written.retain }),
  };
}

/**
 * The rule's levels as EMQX will read them. Where it would read something else, an allow is left out, and a deny becomes
 * wider: all beneath the levels before the trouble.
 */
function sayable(rule: FilledRule): readonly string[] | 'everything' | undefined {
  if (rule.everything) return 'everything';
  if (isSayable(rule.levels.join('/'))) return rule.levels;
  if (rule.allow) return undefined;
  const trouble = rule.levels.findIndex(
    (level, at) => !isSayable(level) || (at === 0 && level.startsWith('eq ')),
  );
  return trouble <= 0 ? 'everything' : [...rule.levels.slice(0, trouble), '#'];
}

/** EMQX would fill in `${…}`, and takes `eq ` in front for "this text exactly". */
function isSayable(text: string): boolean {
  return !text.includes('${') && !text.startsWith('eq ');
}

/**
 * Allows only; everything else goes on to the authorizer. EMQX matches the text of a filter against a rule as if it were
 * a topic, so a wildcard rule is sent only where that is no wider than containment, and else the single filters that are
 * known and allowed, as `eq`.
 */
function subscribeRules(
  subject: TopicSubject,
  rules: RuleSet,
  options: EmqxListOptions,
  maximum: number,
): EmqxRule[] {
  const list: EmqxRule[] = [];
  const filled = subject.role === 'provisioning_session' ? [] : rulesOf(rules, subject, 'subscribe');
  const denies: FilledRule[] = [];
  const detail = new Set<string>();
  const say = (filter: string, qos: readonly Qos[]) => {
    if (qos.length > 0) list.push(allowSubscribe(filter, qos));
  };
  const sayExactly = (filter: string, except: readonly Qos[]) => {
    if (detail.has(filter) || !isSayable(filter)) return;
    detail.add(filter);
    say(`eq ${filter}`, allowedQos(subject, rules, options, filter, except));
  };
  for (const rule of filled) {
    if (list.length >= maximum) return list;
    if (!rule.allow) {
      denies.push(rule);
      continue;
    }
    const filter = rule.levels.join('/');
    const safe = hasWildcard(rule.levels) && isSayable(filter) ? safeQos(rule, denies) : [];
    say(filter, safe);
    sayExactly(filter, safe);
  }
  // On a shared broker these are refused, unless a rule above allows them.
  const known = options.mountedApart ? knownSubscribeFilters(subject) : [];
  for (const filter of known) sayExactly(filter, []);
  return list;
}

/**
 * For which QoS a rule with wildcards may be sent as it is. EMQX lets `a/#` pass under `a/+` and under `a/+/#`, each time
 * without the rule covering `a` or what lies deeper; and it does not see that `a/+` reaches into an earlier deny of `a/b`.
 */
function safeQos(rule: FilledRule, earlierDenies: readonly FilledRule[]): readonly Qos[] {
  const { levels } = rule;
  const last = levels[levels.length - 1];
  if (last === '+' || (last === '#' && levels[levels.length - 2] === '+')) return [];
  const inTheWay = earlierDenies.filter((deny) => overlaps(deny, levels));
  return QOS_LEVELS.filter((qos) => {
    const asked = { action: 'subscribe', qos } as const;
    return applies(rule.source, asked) && !inTheWay.some((deny) => applies(deny.source, asked));
  });
}

/** For which QoS the filter is allowed, apart from those already said. */
function allowedQos(
  subject: TopicSubject,
  rules: RuleSet,
  options: TopicOptions,
  topic: string,
  except: readonly Qos[],
): readonly Qos[] {
  const open = QOS_LEVELS.filter((qos) => !except.includes(qos));
  const allowed = (qos: Qos) =>
    decideTopic(subject, { action: 'subscribe', topic, qos }, rules, options).allowed;
  const [any] = open;
  if (any === undefined || rules.conditional.subscribe) return open.filter(allowed);
  return allowed(any) ? open : [];
}

function allowSubscribe(topic: string, qos: readonly Qos[]): EmqxRule {
  const rule: EmqxRule = { permission: 'allow', action: 'subscribe', topics: [topic] };
  return qos.length === QOS_LEVELS.length ? rule : { ...rule, qos };
}

function qosOf(bits: number): Qos[] {
  return QOS_LEVELS.filter((qos) => (bits & (1 << qos)) !== 0);
}
