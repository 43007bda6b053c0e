import type { Actor } from '../../../model/audit.ts';
import { ThingPassError } from '../../../model/errors.ts';
import type { Rule } from '../../../model/topic-rules.ts';
import type { RuleEntry, RuleService } from '../rule-service.ts';
import type { ImportedRule, ImportItem } from './import-item.ts';
import { type LineReport, type Reporter, refusal } from './import-report.ts';

/** The devices that rules may be for. */
export interface RuleOwners {
  /** The id of the device that connects with this user name. */
  deviceOfUser(userName: string): Promise<string | undefined>;
}

export interface RuleImportOptions {
  readonly dryRun: boolean;
  /** Store what can be stored of a file of which something is refused, though a denial may be missing then. */
  readonly force: boolean;
  readonly actor: Actor;
  /** {@link MOST_RULES} when absent. */
  readonly mostRules?: number;
}

interface PlacedRule {
  readonly rule: ImportedRule;
  readonly deviceId: string | undefined;
}

/** Each rule is checked against all others, and every process keeps all of them. */
const MOST_RULES = 10_000;

/**
 * Imports the rules of an ACL file: a user's become rules of the device with that user name, patterns become rules for
 * everybody, each in the file's broker's order (`rank`), before rules of the file that come later and behind all others.
 *
 * Rules for everybody decide before a device's here, and after a user's in Mosquitto. Where that could make a difference,
 * a denial beside a permission of the other kind with a common topic, the user's rule is refused.
 *
 * @returns false when something was refused, and so nothing stored.
 * @throws {ThingPassError} `not_possible` for too many rules.
 */
export async function importRules(
  items: AsyncIterable<ImportItem>,
  { rules, owners, report }: { rules: RuleService; owners: RuleOwners; report: Reporter },
  request: RuleImportOptions,
): Promise<boolean> {
  const { mostRules = MOST_RULES } = request;
  const placed: PlacedRule[] = [];
  const reports: LineReport[] = [];
  for await (const item of items) {
    if (item.kind === 'problem') reports.push(refusal(item.line, item.error));
    else if (item.kind === 'rule') {
      if (placed.length === mostRules)
        throw new ThingPassError('not_possible', `the file has more than ${mostRules} rules`);
      const outcome = await place(item, owners);
      if ('outcome' in outcome) reports.push(outcome);
      else placed.push(outcome);
    }
  }
  const [usable, turned] = withoutTurned(placed);
  reports.push(...turned);
  const refused = reports.some(({ outcome }) => outcome === 'refused');
  const store = !refused || request.force;
  const known = new Map<string | undefined, RuleEntry[]>();
  for (const one of inRankOrder(usable)) {
    const entries = known.get(one.deviceId) ?? (await rules.list({ device: one.deviceId }));
    known.set(one.deviceId, entries);
    const outcome = entries.some((entry) => isSame(entry, one.rule)) ? 'unchanged' : 'created';
    reports.push({ line: one.rule.line, outcome, warnings: one.rule.warnings });
    if (outcome === 'created' && store && !request.dryRun) {
      await rules.create(toRequest(one), request.actor, nextKnown(one, usable, entries));
      known.delete(one.deviceId);
    }
  }
  reports.sort((left, right) => left.line - right.line);
  for (const one of reports) {
    report(one.outcome === 'created' && !store ? { ...one, outcome: 'left_out', detail: NOT_STORED } : one);
  }
  return store;
}

const NOT_STORED = 'not stored, since other lines are refused';

async function place(rule: ImportedRule, owners: RuleOwners): Promise<PlacedRule | LineReport> {
  const { line, subject, warnings } = rule;
  if (subject.kind === 'everyone') return { rule, deviceId: undefined };
  if (subject.kind === 'anonymous') {
    const detail = 'for clients without a user name, who have no rules here';
    return { line, outcome: 'left_out', detail, warnings };
  }
  const deviceId = await owners.deviceOfUser(subject.userName);
  return deviceId === undefined
    ? refusal(line, 'no device connects with this user name; import the users first')
    : { rule, deviceId };
}

/** Takes out users' rules that a rule for everybody would turn into their opposite. */
function withoutTurned(placed: readonly PlacedRule[]): [PlacedRule[], LineReport[]] {
  const general = placed.filter(({ deviceId }) => deviceId === undefined);
  const reports: LineReport[] = [];
  const usable = placed.filter(({ rule, deviceId }) => {
    if (deviceId === undefined) return true;
    const first = general.find(({ rule: other }) => contradicts(rule, other));
    if (first === undefined) return true;
    const detail = `line ${first.rule.line}, for everyone, says otherwise of a common topic, and decides first here`;
    reports.push(refusal(rule.line, detail));
    return false;
  });
  return [usable, reports];
}

function contradicts(one: ImportedRule, other: ImportedRule): boolean {
  const together = one.action === 'all' || other.action === 'all' || one.action === other.action;
  return one.permission !== other.permission && together && mayOverlap(one.filter, other.filter);
}

function inRankOrder(placed: readonly PlacedRule[]): PlacedRule[] {
  return placed.toSorted((left, right) => left.rule.rank - right.rule.rank);
}

/** The id of the rule before which one goes: the first that the file has behind it and that is there already. */
function nextKnown(
  one: PlacedRule,
  all: readonly PlacedRule[],
  entries: readonly RuleEntry[],
): string | undefined {
  const ordered = inRankOrder(all).filter(({ deviceId }) => deviceId === one.deviceId);
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

function toRequest({ rule, deviceId }: PlacedRule): Pick<Rule, 'permission' | 'action' | 'filter'> {
  const { permission, action, filter } = rule;
  return { permission, action, filter, ...(deviceId === undefined ? {} : { deviceId }) };
}

/**
 * Whether some topic matches both MQTT filters, a level with a placeholder standing for any word. Filters that only share
 * names with a leading `$`, which wildcards do not match, count as overlapping too: the answer errs towards yes.
 */
function mayOverlap(one: string, other: string): boolean {
  const [left, right] = [one.split('/'), other.split('/')];
  for (let level = 0; ; level++) {
    const [here, there] = [left[level], right[level]];
    if (here === '#' || there === '#') return true;
    // `a/#` matches `a` too.
    if (here === undefined) return there === undefined;
    if (there === undefined) return false;
    if (!isAny(here) && !isAny(there) && here !== there) return false;
  }
}

function isAny(level: string): boolean {
  return level === '+' || level.includes('${');
}
