import type {
  CompiledRule,
  FilledRule,
  Rule,
  RuleGroup,
  RuleScope,
  RuleSet,
} from '../../model/topic-rules.ts';
import type { TopicSubject } from '../../model/topic-subject.ts';
import { applies, type Circumstances, compileRule, fillRule, isFor } from './compile.ts';
import { matches } from './matching.ts';
import { GLOBAL } from './rule.ts';
import { buildTree, firstInTree } from './word-tree.ts';

/** Every device's own topics. They come after the operators' rules, so that these can restrict them. */
const OWN_NAMESPACE: Rule = {
  permission: 'allow',
  action: 'all',
  filter: `devices/\${device.id}/#`,
  scope: GLOBAL,
  origin: 'built in',
};

const RANKS = { global: 0, profile: 1, device: 2 } as const;
const RANK_STEP = 2 ** 32;

/** The compiled built-in rules. */
export const BUILT_IN_RULES: readonly CompiledRule[] = [compileRule(OWN_NAMESPACE, 3 * RANK_STEP)];

const BUILT_IN_GROUP = groupOf(BUILT_IN_RULES);

/**
 * Compiles rules. Rules of one scope keep their order. A profile's rules follow the global ones, and a device's the
 * profile's, wherever they are in the list.
 * @throws {RangeError} for a rule that cannot be used; the message gives its position and the reason.
 */
export function compileRules(rules: readonly Rule[]): RuleSet {
  const byKey = new Map<string, CompiledRule[]>();
  for (const [at, rule] of rules.entries()) {
    const compiled = compileAt(rule, at);
    const key = groupKey(rule.scope);
    const group = byKey.get(key);
    if (group === undefined) byKey.set(key, [compiled]);
    else group.push(compiled);
  }
  const all = [...byKey.values()].flat();
  return {
    groups: new Map([...byKey].map(([key, group]) => [key, groupOf(group)])),
    conditional: {
      publish: all.some((rule) => rule.conditional.publish),
      subscribe: all.some((rule) => rule.conditional.subscribe),
    },
    firstWords: firstWordsOf([...all, ...BUILT_IN_RULES]),
    size: rules.length,
  };
}

function firstWordsOf(rules: readonly CompiledRule[]): ReadonlySet<string> | undefined {
  const words = rules.flatMap(({ firstWord }) => (firstWord === undefined ? [] : [firstWord]));
  return words.length === rules.length ? new Set(words) : undefined;
}

/** Whether any rule could match this topic, by its first level. If not, the topic need not be split into levels. */
export function mayMatch({ firstWords }: RuleSet, topic: string): boolean {
  if (firstWords === undefined) return true;
  const end = topic.indexOf('/');
  return firstWords.has(end === -1 ? topic : topic.slice(0, end));
}

function compileAt(rule: Rule, at: number): CompiledRule {
  try {
    return compileRule(rule, RANKS[rule.scope.kind] * RANK_STEP + at);
  } catch (error) {
    if (error instanceof RangeError)
      throw new RangeError(`${rule.origin ?? `rule ${at + 1}`}: ${error.message}`);
    throw error;
  }
}

function groupOf(rules: readonly CompiledRule[]): RuleGroup {
  const literal = rules.flatMap((rule) => (rule.literal === undefined ? [] : [rule.literal]));
  return {
    rules,
    literal: buildTree(literal),
    withPlaceholders: rules.filter((rule) => rule.literal === undefined),
  };
}

function groupKey(scope: RuleScope): string {
  if (scope.kind === 'global') return 'global';
  return 'id' in scope ? `${scope.kind}Id ${scope.id}` : `${scope.kind} ${scope.name}`;
}

const BUILT_IN_GROUPS: readonly (readonly RuleGroup[])[] = [[BUILT_IN_GROUP]];

/**
 * The groups that apply to a subject in the order of their ranks. Groups of one rank (by id, by name) are in one
 * array.
 */
function groupsFor(set: RuleSet, subject: TopicSubject): Iterable<readonly RuleGroup[]> {
  return set.groups.size === 0 ? BUILT_IN_GROUPS : groupsByRank(set, subject);
}

function* groupsByRank(set: RuleSet, { device }: TopicSubject): Generator<readonly RuleGroup[]> {
  yield existingGroups(set, ['global']);
  if (device !== undefined && (set.groups.size > 1 || !set.groups.has('global'))) {
    yield existingGroups(set, [`profileId ${device.profileId}`, `profile ${device.profileName}`]);
    yield existingGroups(set, [`deviceId ${device.id}`, `device ${device.name}`]);
  }
  yield* BUILT_IN_GROUPS;
}

function existingGroups(set: RuleSet, keys: readonly string[]): RuleGroup[] {
  const groups: RuleGroup[] = [];
  for (const key of keys) {
    const group = set.groups.get(key);
    if (group !== undefined) groups.push(group);
  }
  return groups;
}

/** The operators' rules by scope; profiles and devices have a name for messages. */
export function groupsByKind(set: RuleSet): {
  readonly global: readonly CompiledRule[];
  readonly profiles: readonly (readonly [string, readonly CompiledRule[]])[];
  readonly devices: readonly (readonly [string, readonly CompiledRule[]])[];
} {
  const named = [...set.groups].map(([key, group]) => [key, group.rules] as const);
  return {
    global: set.groups.get('global')?.rules ?? [],
    profiles: named.filter(([key]) => key.startsWith('profile')),
    devices: named.filter(([key]) => key.startsWith('device')),
  };
}

/**
 * The first rule that decides a topic for this subject, including the device's own namespace; `undefined` if none
 * matches.
 */
export function firstRule(
  set: RuleSet,
  subject: TopicSubject,
  asked: Circumstances,
  topic: readonly string[],
): FilledRule | undefined {
  for (const groups of groupsFor(set, subject)) {
    let best: FilledRule | undefined;
    for (const group of groups) {
      best = firstInTree(group.literal, topic, asked, best);
      best = firstWithPlaceholders(group.withPlaceholders, subject, topic, asked, best);
    }
    if (best !== undefined) return best;
  }
  return undefined;
}

function firstWithPlaceholders(
  rules: readonly CompiledRule[],
  subject: TopicSubject,
  topic: readonly string[],
  asked: Circumstances,
  best: FilledRule | undefined,
): FilledRule | undefined {
  for (const rule of rules) {
    if (best !== undefined && best.source.order < rule.order) return best;
    if (rule.firstWord !== undefined && rule.firstWord !== topic[0]) continue;
    if (!applies(rule, asked)) continue;
    const filled = fillRule(rule, subject);
    if (filled !== undefined && matches(filled, topic)) return filled;
  }
  return best;
}

/** All rules of a subject for an action, in the order in which they decide; the device's own namespace comes last. */
export function rulesFor(set: RuleSet, subject: TopicSubject, action: 'publish' | 'subscribe'): FilledRule[] {
  const filled: FilledRule[] = [];
  for (const groups of groupsFor(set, subject)) {
    for (const rule of inOrder(groups)) {
      const one = isFor(rule, action) ? fillRule(rule, subject) : undefined;
      if (one !== undefined) filled.push(one);
    }
  }
  return filled;
}

function inOrder(groups: readonly RuleGroup[]): readonly CompiledRule[] {
  const [only, more] = groups;
  if (only === undefined || more === undefined) return only?.rules ?? [];
  return groups.flatMap((group) => group.rules).sort((left, right) => left.order - right.order);
}
