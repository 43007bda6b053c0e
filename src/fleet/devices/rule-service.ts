import { complexityProblem } from '../../engine/access/complexity.ts';
import { readRule } from '../../engine/access/rule.ts';
import { compileRules } from '../../engine/access/rule-set.ts';
import { ruleOf } from '../../engine/access/stored-rule.ts';
import type { Actor } from '../../model/audit.ts';
import { ThingPassError } from '../../model/errors.ts';
import type { Qos, Rule, RuleScope } from '../../model/topic-rules.ts';
import { isStorable } from '../../util/storable-text.ts';
import { isUuid } from '../../util/uuid.ts';
import type { KeptRule, RuleOwner, RuleStore } from './rule-store.ts';

/** A rule as people and programs see it: what they may write, and what came of it. */
export interface RuleEntry {
  readonly id: string;
  readonly permission: 'allow' | 'deny';
  readonly action: 'publish' | 'subscribe' | 'all';
  readonly filter: string;
  readonly qos: readonly Qos[] | undefined;
  readonly retain: boolean | undefined;
  /** Both absent: for everybody. */
  readonly profileId: string | undefined;
  readonly deviceId: string | undefined;
  /** The name of that profile or device, where our database has it. */
  readonly ownerName: string | undefined;
  readonly note: string | undefined;
  /** Epoch milliseconds. */
  readonly createdTime: number;
}

/** Whose rules to list; without members: everybody's own. Ids or names. */
export interface RuleOwnerRequest {
  readonly profile?: string | undefined;
  readonly device?: string | undefined;
}

/**
 * Operators' rules in the database: the same rules and the same checks as in a rules file. Every process obeys a change
 * within a second.
 *
 * Order matters only among the rules of one owner (everybody, one profile, one device): the first that matches decides,
 * everybody's before the profile's before the device's, and for each owner the file's before these.
 *
 * Refusals are `ThingPassError`s: `rule_invalid`, `rules_too_complex`, `rule_not_found`, `rule_order_invalid`,
 * `profile_not_found`, `device_not_found`.
 */
export class RuleService {
  readonly #rules: RuleStore;
  readonly #fromFile: () => readonly Rule[];

  /** @param fromFile the rules of the rules file, with which those of the database must go together. */
  constructor(rules: RuleStore, fromFile: () => readonly Rule[] = () => []) {
    this.#rules = rules;
    this.#fromFile = fromFile;
  }

  /** All rules, or one owner's, in the order in which they decide. @throws {ThingPassError} */
  async list(request?: RuleOwnerRequest): Promise<RuleEntry[]> {
    return this.#entries(
      await this.#rules.list(request === undefined ? undefined : await this.#owner(request)),
    );
  }

  /** @throws {ThingPassError} when there is none with this id. */
  async get(id: string): Promise<RuleEntry> {
    return this.#entry(isStorable(id) ? await this.#rules.find(id) : undefined);
  }

  /**
   * Saves a rule, behind all others of its owner or before one of them.
   * @param wish as an item of a rules file: permission, action, filter, and where wanted qos, retain, note and one of
   * profile, profileId, device, deviceId.
   * @throws {ThingPassError}
   */
  async create(request: unknown, actor: Actor, before?: string): Promise<RuleEntry> {
    const rule = await this.#read(request);
    const neighbours = await this.#neighboursOf(rule);
    const owner = ownerOf(rule);
    const at = neighbours.findIndex((one) => one.id === before && isOwnedBy(one, owner));
    if (before !== undefined && at < 0) {
      throw new ThingPassError(
        'rule_not_found',
        'the rule to go before is not there, or is for somebody else',
      );
    }
    const rules = neighbours.map(asRule);
    this.#refuseTooComplex(at < 0 ? [...rules, rule] : rules.toSpliced(at, 0, rule));
    return this.#entry(await this.#rules.create(rule, before, actor));
  }

  /** Puts another rule in the place of one; nothing of the old one stays but its id. @throws {ThingPassError} */
  async replace(id: string, request: unknown, actor: Actor): Promise<RuleEntry> {
    const rule = await this.#read(request);
    const known = await this.get(id);
    const neighbours = await this.#neighboursOf(rule);
    const stays = isOwnedBy(
      { profileId: known.profileId ?? null, deviceId: known.deviceId ?? null },
      ownerOf(rule),
    );
    const others = neighbours.filter((one) => one.id !== id).map(asRule);
    const at = stays ? neighbours.findIndex((one) => one.id === id) : others.length;
    this.#refuseTooComplex(others.toSpliced(at, 0, rule));
    return this.#entry(await this.#rules.replace(id, rule, actor));
  }

  /** @returns what was removed. @throws {ThingPassError} when there is none with this id. */
  async remove(id: string, actor: Actor): Promise<RuleEntry> {
    const entry = await this.get(id);
    if (!(await this.#rules.remove(id, actor))) throw notFound();
    return entry;
  }

  /**
   * Gives the rules of one owner another order.
   * @param ids all of that owner's rules, each once.
   * @throws {ThingPassError}
   */
  async reorder(request: RuleOwnerRequest, ids: readonly string[], actor: Actor): Promise<RuleEntry[]> {
    const owner = await this.#owner(request);
    const known = await this.#rules.list(owner);
    const inOrder = ids.flatMap((id) => known.filter((one) => one.id === id));
    if (inOrder.length !== ids.length || new Set(ids).size !== known.length) {
      throw new ThingPassError(
        'rule_order_invalid',
        `the order must name each of the ${known.length} rules once, and no other`,
      );
    }
    const [first] = inOrder;
    if (first === undefined) return [];
    const others = (await this.#neighboursOf(asRule(first))).filter((one) => !isOwnedBy(one, owner));
    this.#refuseTooComplex([...others, ...inOrder].map(asRule));
    await this.#rules.reorder(ids, actor);
    return this.#entries(await this.#rules.list(owner));
  }

  /** The rule as it can be kept: with the id of whom it is for. */
  async #read(request: unknown): Promise<Rule> {
    const rule = readRule(request);
    if (typeof rule === 'string') throw new ThingPassError('rule_invalid', rule);
    if (rule.note !== undefined && !isStorable(rule.note))
      throw new ThingPassError('rule_invalid', 'note holds a NUL or text that is not valid Unicode');
    const { scope } = rule;
    if (scope.kind === 'global') return rule;
    if ('id' in scope && !isUuid(scope.id))
      throw new ThingPassError('rule_invalid', `${scope.kind}Id must be a UUID`);
    const id = await this.#ownerId(scope.kind, 'id' in scope ? scope.id : scope.name);
    return { ...rule, scope: { kind: scope.kind, id } };
  }

  async #owner({ profile, device }: RuleOwnerRequest): Promise<RuleOwner> {
    if (profile !== undefined && device !== undefined)
      throw new ThingPassError('rule_invalid', 'rules are for a profile or for a device');
    return {
      profileId: profile === undefined ? null : await this.#ownerId('profile', profile),
      deviceId: device === undefined ? null : await this.#ownerId('device', device),
    };
  }

  async #ownerId(kind: 'profile' | 'device', idOrName: string): Promise<string> {
    const id = isStorable(idOrName) ? await this.#rules.ownerId(kind, idOrName) : undefined;
    if (id === undefined) throw new ThingPassError(`${kind}_not_found`, `there is no ${kind} ${idOrName}`);
    return id;
  }

  /** Rules that may decide together with one: those of a device meet everybody's and its profile's, the others meet all. */
  #neighboursOf({ scope }: Rule): Promise<KeptRule[]> {
    return scope.kind === 'device' && 'id' in scope ? this.#rules.listBeside(scope.id) : this.#rules.list();
  }

  /** As a rules file is refused; together with the file's rules, whose place is before these. */
  #refuseTooComplex(rules: readonly Rule[]): void {
    const problem = complexityProblem(compileRules([...this.#fromFile(), ...rules]));
    if (problem !== undefined) throw new ThingPassError('rules_too_complex', problem);
  }

  async #entry(kept: KeptRule | undefined): Promise<RuleEntry> {
    if (kept === undefined) throw notFound();
    const [entry] = await this.#entries([kept]);
    return entry as RuleEntry;
  }

  async #entries(kept: readonly KeptRule[]): Promise<RuleEntry[]> {
    const names = await this.#rules.ownerNames(kept);
    return kept.map((row) => toEntry(row, names));
  }
}

function toEntry(row: KeptRule, names: ReadonlyMap<string, string>): RuleEntry {
  const { permission, action, filter, qos, retain } = asRule(row);
  const { id, profileId, deviceId, note, createdTime } = row;
  const owner = deviceId ?? profileId;
  return {
    id,
    permission,
    action,
    filter,
    qos,
    retain,
    createdTime,
    profileId: profileId ?? undefined,
    deviceId: deviceId ?? undefined,
    ownerName: owner === null ? undefined : names.get(owner),
    note: note ?? undefined,
  };
}

/** @throws {ThingPassError} for a row that somebody wrote past this service: to be seen, and removed with SQL. */
function asRule(row: KeptRule): Rule {
  const rule = ruleOf(row);
  if (typeof rule !== 'string') return rule;
  throw new ThingPassError('rule_invalid', `rule ${row.id} in the database cannot be used: ${rule}`);
}

function ownerOf({ scope }: { readonly scope: RuleScope }): RuleOwner {
  const id = 'id' in scope ? scope.id : null;
  return {
    profileId: scope.kind === 'profile' ? id : null,
    deviceId: scope.kind === 'device' ? id : null,
  };
}

function isOwnedBy(rule: RuleOwner, owner: RuleOwner): boolean {
  return rule.profileId === owner.profileId && rule.deviceId === owner.deviceId;
}

function notFound(): ThingPassError {
  return new ThingPassError('rule_not_found', 'there is no such rule');
}
