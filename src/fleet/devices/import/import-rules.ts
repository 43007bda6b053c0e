import type { Actor } from '../../../model/audit.ts';
import { ThingPassError } from '../../../model/errors.ts';
import type { Rule } from '../../../model/topic-rules.ts';
import type { RuleEntry, RuleService } from '../rule-service.ts';
import type { ImportedRule, ImportItem } from './import-item.ts';
import { type LineReport, type Reporter, refusal } from './import-report.ts';

/** Finds the devices to which rules belong. */
export interface RuleOwners {
  /** Returns the id of the device that connects with this user name. */
  deviceOfUser(userName: string): Promise<string | undefined>;
}

export interface RuleImportOptions {
  readonly dryRun: boolean;
  /** Store the usable rules of a file even if others are refused, although a denial may be missing then. */
  readonly force: boolean;
  readonly actor: Actor;
  /** Default: {@link MAX_RULES}. */
  readonly maxRules?: number;
}

interface AssignedRule {
  readonly rule: ImportedRule;
  readonly deviceId: string | undefined;
}

/** Each rule is checked against all others, and every process keeps all rules in memory. */
const MAX_RULES = 10_000;

/**
 * Imports the rules of an ACL file. A user's rules become rules of the device with that user name; patterns become
 * rules for all devices. Each keeps the order in which the file's broker checks it (`rank`): before later rules of
 * the file and after all other rules.
 *
 * ThingPass checks rules for all devices before a device's own; Mosquitto checks them after a user's. If that could
 * change a decision, because a denial and a permission share a topic, the user's rule is refused.
 *
 * @returns false if a rule was refused and therefore nothing was stored.
 * @throws {DeviceProblem} `not_possible` for too many rules.
 */
export async function importRules(
  items: AsyncIterable<ImportItem>,
  { rules, owners, report }: { rules: RuleService; owners: RuleOwners; report: Reporter },
  request: RuleImportOptions,
): Promise<boolean> {
  const { maxRules = MAX_RULES } = request;
  const placed: AssignedRule[] = [];
  const reports: LineReport[] = [];
  for await (const item of items) {
    if (item.kind === 'problem') reports.push(refusal(item.line, item.error));
    else if (item.kind === 'rule') {
      if (placed.length === maxRules)
        throw new ThingPassError('not_possible', `the file has more than ${maxRules} rules`);
      const outcome = await assignOwner(item, owners);
      if ('outcome' in outcome) reports.push(outcome);
      else placed.push(outcome);
    }
  }
  const [usable, reversed] = withoutReversed(placed);
  reports.push(...reversed);
  const refused = reports.some(({ outcome }) => outcome === 'refused');
  const store = !refused || request.force;
  const known = new Map<string | undefined, RuleEntry[]>();
  for (const one of sortByRank(usable)) {
    const entries = known.get(one.deviceId) ?? (await rules.list({ device: one.deviceId }));
    known.set(one.deviceId, entries);
    const outcome = entries.some((entry) => isSame(entry, one.rule)) ? 'unchanged' : 'created';
    reports.push({ line: one.rule.line, outcome, warnings: one.rule.warnings });
    if (outcome === 'created' && store && !request.dryRun) {
      await rules.create(toRequest(one), request.actor, nextStoredRule(one, usable, entries));
      known.delete(one.deviceId);
    }
  }
  reports.sort((left, right) => left.line - right.line);
  for (const one of reports) {
    report(one.outcome === 'created' && !store ? { ...one, outcome: 'left_out', detail: NOT_STORED } : one);
  }
  return store;
}

const NOT_STORED = 'not stored, because other lines were refused';

async function assignOwner(rule: ImportedRule, owners: RuleOwners): Promise<AssignedRule | LineReport> {
  const { line, subject, warnings } = rule;
  if (subject.kind === 'everyone') return { rule, deviceId: undefined };
  if (subject.kind === 'anonymous') {
    const detail = 'it applies to clients without a user name, which have no rules in ThingPass';
    return { line, outcome: 'left_out', detail, warnings };
  }
  const deviceId = await owners.deviceOfUser(subject.userName);
  return deviceId === undefined
    ? refusal(line, 'no device connects with this user name; import the users first')
    : { rule, deviceId };
}

/** Removes users' rules whose effect a rule for all devices would reverse. */
function withoutReversed(placed: readonly AssignedRule[]): [AssignedRule[], LineReport[]] {
  const general = placed.filter(({ deviceId }) => deviceId === undefined);
  const reports: LineReport[] = [];
  const usable = placed.filter(({ rule, deviceId }) => {
    if (deviceId === undefined) return true;
    const first = general.find(({ rule: other }) => contradicts(rule, other));
    if (first === undefined) return true;
    const detail = `line ${first.rule.line} applies to everyone, contradicts this rule for a common topic, and takes precedence in ThingPass`;
    reports.push(refusal(rule.line, detail));
    return false;
  });
  return [usable, reports];
}

function contradicts(one: ImportedRule, other: ImportedRule): boolean {
  const together = one.action === 'all' || other.action === 'all' || one.action === other.action;
  return one.permission !== other.permission && together && mayOverlap(one.filter, other.filter);
}

function sortByRank(placed: readonly AssignedRule[]): AssignedRule[] {
  return placed.toSorted((left, right) => left.rule.rank - right.rule.rank);
}

/** Finds the stored rule before which a rule is inserted: the first one that follows it in the file. */
function nextStoredRule(
  one: AssignedRule,
  all: readonly AssignedRule[],
  entries: readonly RuleEntry[],
): string | undefined {
  const ordered = sortByRank(all).filter(({ deviceId }) => deviceId === one.deviceId);
  for (const { rule } of ordered.slice(ordered.indexOf(one) + 1)) {
    const entry = entries.find((known) => isSame(known, rule));
    if (entry !== undefined) return entry.id;
  }
  return undefined;
}

function isSame(entry: RuleEntry, rule: ImportedRule): boolean {
  const plain = entry.qos === undefined && entry.retain === undefined;
  return (
    plain &&
    entry.permission === rule.permission &&
    entry.action === rule.action &&
    entry.filter === rule.filter
  );
}

function toRequest({ rule, deviceId }: AssignedRule): Pick<Rule, 'permission' | 'action' | 'filter'> {
  const { permission, action, filter } = rule;
  return { permission, action, filter, ...(deviceId === undefined ? {} : { deviceId }) };
}

/**
 * Whether some topic may match both MQTT filters. A level with a placeholder counts as any word, and so does a
 * leading `$` level, which wildcards do not match: the answer errs towards yes.
 */
function mayOverlap(one: string, other: string): boolean {
  const [left, right] = [one.split('/'), other.split('/')];
  for (let level = 0; ; level++) {
    const [here, there] = [left[level], right[level]];
    if (here === '#' || there === '#') return true;
    // `a/#` matches `a` too.
    if (here === undefined) return there === undefined;
    if (there === undefined) return false;
    if (!isAnyLevel(here) && !isAnyLevel(there) && here !== there) return false;
  }
}

function isAnyLevel(level: string): boolean {
  return level === '+' || level.includes('${');
}
