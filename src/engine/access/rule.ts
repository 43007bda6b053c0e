import type { Qos, Rule, RuleScope } from '../../model/topic-rules.ts';
import { readLevel } from './placeholder.ts';
import { hasSharing, readTopicFilter } from './topic.ts';

export const GLOBAL: RuleScope = Object.freeze({ kind: 'global' });

/** More levels than brokers usually accept. It also limits the depth of a filter's check. */
const MAX_LEVELS = 128;

const MEMBERS = new Set(
  'permission action filter qos retain profile profileId device deviceId note'.split(' '),
);

/**
 * Reads a rule from untrusted data (a file, a request).
 * @returns the rule, or a sentence that says what is wrong.
 */
export function readRule(value: unknown): Rule | string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return 'a rule is an object with permission, action and filter';
  }
  const given = new Map<string, unknown>(Object.entries(value));
  for (const name of given.keys()) {
    if (!MEMBERS.has(name)) return `"${name}" is not a member of a rule; use ${[...MEMBERS].join(', ')}`;
  }
  const permission = given.get('permission');
  if (permission !== 'allow' && permission !== 'deny') return 'permission must be allow or deny';
  const action = given.get('action');
  if (action !== 'publish' && action !== 'subscribe' && action !== 'all') {
    return 'action must be publish, subscribe or all';
  }
  const filter = given.get('filter');
  if (typeof filter !== 'string') return 'filter must be a string';
  const qos = readQos(given.get('qos'));
  if (typeof qos === 'string') return qos;
  const retain = given.get('retain');
  if (retain !== undefined && typeof retain !== 'boolean') return 'retain must be true or false';
  const note = given.get('note');
  if (note !== undefined && typeof note !== 'string') return 'note must be a string';
  const scope = readScope(given);
  if (typeof scope === 'string') return scope;
  const rule: Rule = { permission, action, filter, qos, retain, scope, note };
  return problemOf(rule) ?? rule;
}

function readQos(value: unknown): readonly Qos[] | undefined | string {
  if (value === undefined) return undefined;
  const list: unknown[] = Array.isArray(value) ? value : [value];
  const good = list.every((one) => one === 0 || one === 1 || one === 2);
  return good && list.length > 0 ? (list as Qos[]) : 'qos must be 0, 1, 2 or a list of these';
}

function readScope(given: ReadonlyMap<string, unknown>): RuleScope | string {
  let scope: RuleScope = GLOBAL;
  for (const kind of ['profile', 'device'] as const) {
    for (const by of ['name', 'id'] as const) {
      const member = by === 'id' ? `${kind}Id` : kind;
      const reference = given.get(member);
      if (reference === undefined) continue;
      if (typeof reference !== 'string' || reference === '') return `${member} must be a string`;
      if (scope !== GLOBAL)
        return 'a rule is for one profile or one device: use only one of profile, profileId, device, deviceId';
      scope = by === 'id' ? { kind, id: reference } : { kind, name: reference };
    }
  }
  return scope;
}

/** Why a well-formed rule cannot be used, in one sentence; `undefined` if it can. */
export function problemOf(rule: Rule): string | undefined {
  if (hasSharing(rule.filter)) {
    return 'filter must not begin with $share/<group>/, $queue/ or $exclusive/: rules match the filter after such a prefix';
  }
  const levels = rule.filter.split('/');
  if (levels.length > MAX_LEVELS) return `filter has more than ${MAX_LEVELS} levels`;
  try {
    // Each placeholder becomes a plain word; the result must be a valid filter.
    const plain = levels.map((text) => withSampleValues(readLevel(text)));
    if (readTopicFilter(plain.join('/')) === undefined) return `"${rule.filter}" is not a valid topic filter`;
  } catch (error) {
    if (error instanceof SyntaxError) return error.message;
    throw error;
  }
  if (rule.retain !== undefined && rule.action === 'subscribe') {
    return 'retain is a condition of publishing; a rule for subscribing cannot have it';
  }
  return undefined;
}

function withSampleValues(level: ReturnType<typeof readLevel>): string {
  return typeof level === 'string' ? level : level.texts.join('x');
}

/** Describes the rule in one line, for explain and the decision log. */
export function describeRule(rule: Rule): string {
  const conditions = [
    rule.qos === undefined ? '' : ` qos ${rule.qos.join(',')}`,
    rule.retain === undefined ? '' : ` retain ${rule.retain}`,
  ].join('');
  const { scope } = rule;
  const whose = scope.kind === 'global' ? 'global' : `${scope.kind} ${'id' in scope ? scope.id : scope.name}`;
  const where = rule.origin === undefined ? whose : `${whose}, ${rule.origin}`;
  return `${rule.permission} ${rule.action} ${rule.filter}${conditions} (${where})`;
}
