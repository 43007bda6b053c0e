import type { FilledRule, Permission, Qos, RuleSet } from '../../model/topic-rules.ts';
import type { TopicSubject } from '../../model/topic-subject.ts';
import { ALL_QOS_BITS, applies } from './compile.ts';
import { decideTopic, type TopicOptions } from './decide-topic.ts';
import { hasWildcard, overlaps } from './matching.ts';
import { rulesFor } from './rule-set.ts';
import { knownPublishTopics, knownSubscribeFilters } from './thingsboard-table.ts';

/** One rule of `acl` in EMQX's authentication answer (`brokers/emqx/emqx.md` section 4). */
export interface EmqxRule {
  readonly permission: Permission;
  readonly action: 'publish' | 'subscribe' | 'all';
  readonly topics: readonly string[];
  readonly qos?: readonly Qos[];
  readonly retain?: boolean;
}

export interface EmqxListOptions extends TopicOptions {
  /**
   * Whether EMQX asks the authorizer if no rule of the list matches. Without an authorizer the list ends with a
   * deny of everything. Topics that the list cannot express are then lost: ThingsBoard's numbered topics, and
   * filters that only several rules together allow.
   */
  readonly authorizer: boolean;
  /** Longer lists are truncated; EMQX asks the authorizer about the rest. */
  readonly maximumRules?: number | undefined;
}

const QOS_LEVELS: readonly Qos[] = [0, 1, 2];

/** `#` does not match topics that begin with `$` (section 4), and `$SYS` must stay closed. */
const EVERYTHING = ['#', '$SYS/#'];

/**
 * Lists the rules by which EMQX decides during a connection. The list never allows more than `decideTopic`. Its
 * decisions about publishes are the same, except that a deny which EMQX would misread becomes wider.
 *
 * The deny after the publish rules is sent only if the rules before it express everything that is allowed.
 * ThingsBoard's numbered topics cannot be expressed (`+` is wider, and a deny after it would close them). For roles
 * that have such topics, EMQX asks the authorizer about publishes that no rule matches.
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

/** All rules in order: EMQX matches a publish as ThingPass does. */
function publishRules(subject: TopicSubject, rules: RuleSet): EmqxRule[] {
  const list: EmqxRule[] = [];
  const filled = subject.role === 'provisioning_session' ? [] : rulesFor(rules, subject, 'publish');
  for (const rule of filled) {
    const levels = expressibleLevels(rule);
    if (levels === 'everything') {
      list.push({ permission: 'deny', action: 'publish', topics: EVERYTHING });
      return list;
    }
    if (levels !== undefined) list.push({ ...conditionsOf(rule), topics: [levels.join('/')] });
  }
  const known = knownPublishTopics(subject).filter((topic) => isExpressible(topic));
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
 * The rule's levels as EMQX reads them. If EMQX would read something else, an allow is omitted, and a deny becomes
 * wider: it closes everything below the levels before the one that EMQX misreads.
 */
function expressibleLevels(rule: FilledRule): readonly string[] | 'everything' | undefined {
  if (rule.everything) return 'everything';
  if (isExpressible(rule.levels.join('/'))) return rule.levels;
  if (rule.allow) return undefined;
  const trouble = rule.levels.findIndex(
    (level, at) => !isExpressible(level) || (at === 0 && level.startsWith('eq ')),
  );
  return trouble <= 0 ? 'everything' : [...rule.levels.slice(0, trouble), '#'];
}

/** EMQX replaces `${…}`, and reads the prefix `eq ` as "exactly this text". */
function isExpressible(text: string): boolean {
  return !text.includes('${') && !text.startsWith('eq ');
}

/**
 * Only allows; EMQX asks the authorizer about the rest. EMQX matches a filter's text against a rule as if it were a
 * topic. A wildcard rule is therefore sent only if this allows no more than containment; otherwise the known and
 * allowed filters are sent one by one as `eq`.
 */
function subscribeRules(
  subject: TopicSubject,
  rules: RuleSet,
  options: EmqxListOptions,
  maximum: number,
): EmqxRule[] {
  const list: EmqxRule[] = [];
  const filled = subject.role === 'provisioning_session' ? [] : rulesFor(rules, subject, 'subscribe');
  const denies: FilledRule[] = [];
  const listed = new Set<string>();
  const addAllow = (filter: string, qos: readonly Qos[]) => {
    if (qos.length > 0) list.push(allowSubscribe(filter, qos));
  };
  const addExact = (filter: string, except: readonly Qos[]) => {
    if (listed.has(filter) || !isExpressible(filter)) return;
    listed.add(filter);
    addAllow(`eq ${filter}`, allowedQos(subject, rules, options, filter, except));
  };
  for (const rule of filled) {
    if (list.length >= maximum) return list;
    if (!rule.allow) {
      denies.push(rule);
      continue;
    }
    const filter = rule.levels.join('/');
    const safe = hasWildcard(rule.levels) && isExpressible(filter) ? safeQos(rule, denies) : [];
    addAllow(filter, safe);
    addExact(filter, safe);
  }
  // Without mount points these are refused, unless a rule above allows them.
  const known = options.perDeviceMountpoint ? knownSubscribeFilters(subject) : [];
  for (const filter of known) addExact(filter, []);
  return list;
}

/**
 * The QoS levels for which a wildcard rule may be sent unchanged. Under `a/+` and `a/+/#` EMQX also allows `a/#`,
 * although the rule covers neither `a` nor deeper levels. EMQX also does not notice that `a/+` overlaps an earlier
 * deny of `a/b`.
 */
function safeQos(rule: FilledRule, earlierDenies: readonly FilledRule[]): readonly Qos[] {
  const { levels } = rule;
  const last = levels[levels.length - 1];
  if (last === '+' || (last === '#' && levels[levels.length - 2] === '+')) return [];
  const conflicting = earlierDenies.filter((deny) => overlaps(deny, levels));
  return QOS_LEVELS.filter((qos) => {
    const asked = { action: 'subscribe', qos } as const;
    return applies(rule.source, asked) && !conflicting.some((deny) => applies(deny.source, asked));
  });
}

/** The QoS levels for which the filter is allowed, except those that were already added. */
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
