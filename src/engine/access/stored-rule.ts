import type { Qos, Rule, RuleScope } from '../../model/topic-rules.ts';
import { readRule } from './rule.ts';

/** A row of the table `access_rule`: QoS levels as `0,1`, and the scope as one id or none. */
export interface StoredRule {
  readonly id: string;
  readonly permission: string;
  readonly action: string;
  readonly filter: string;
  readonly qos: string | null;
  /** SQLite's driver returns 0 and 1. */
  readonly retain: boolean | number | null;
  readonly profileId: string | null;
  readonly deviceId: string | null;
  readonly note: string | null;
}

/**
 * Reads a row's rule. Anybody may have written the row.
 * @returns the rule, or a sentence that says what is wrong.
 */
export function ruleOf(row: StoredRule): Rule | string {
  const { permission, action, filter, qos, retain, profileId, deviceId, note } = row;
  const detail = readRule({
    permission,
    action,
    filter,
    ...(qos === null ? {} : { qos: qos.split(',').map(Number) }),
    ...(retain === null ? {} : { retain: Boolean(retain) }),
    ...(profileId === null ? {} : { profileId }),
    ...(deviceId === null ? {} : { deviceId }),
    ...(note === null ? {} : { note }),
  });
  return typeof detail === 'string' ? detail : { ...detail, origin: `rule ${row.id}` };
}

/**
 * The columns of a rule.
 * @throws {RangeError} for a scope by name: only ids are stored.
 */
export function columnsOf({
  permission,
  action,
  filter,
  qos,
  retain,
  scope,
  note,
}: Rule): Omit<StoredRule, 'id' | 'retain'> & { readonly retain: boolean | null } {
  return {
    permission,
    action,
    filter,
    retain: retain ?? null,
    note: note ?? null,
    qos: qos === undefined ? null : [...new Set<Qos>(qos)].sort().join(','),
    profileId: idOf(scope, 'profile'),
    deviceId: idOf(scope, 'device'),
  };
}

function idOf(scope: RuleScope, kind: 'profile' | 'device'): string | null {
  if (scope.kind !== kind) return null;
  if ('id' in scope) return scope.id;
  throw new RangeError(`a ${kind} is stored by its id, not by its name`);
}
