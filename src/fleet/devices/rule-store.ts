import type { StoredRule } from '../../engine/access/stored-rule.ts';
import type { Actor } from '../../model/audit.ts';
import type { Rule } from '../../model/topic-rules.ts';

/** Whose rules: everybody's, one profile's or one device's. */
export type RuleOwner = { readonly profileId: string | null; readonly deviceId: string | null };

/** A rule in the database, and when it was made, in epoch milliseconds. */
export interface KeptRule extends StoredRule {
  readonly createdTime: number;
}

/** Operators' rules, as storage keeps them; each change is one transaction, with its audit event. */
export interface RuleStore {
  /** In the order in which they decide: everybody's, then the profiles', then the devices'. */
  list(owner?: RuleOwner): Promise<KeptRule[]>;
  /** Everybody's and the profiles' rules, and those of one device: all that can come together with them. */
  listBeside(deviceId: string): Promise<KeptRule[]>;
  find(id: string): Promise<KeptRule | undefined>;
  /** Puts a rule before another one of the same owner, or behind all of them. */
  create(rule: Rule, before: string | undefined, actor: Actor): Promise<KeptRule>;
  /** Puts another rule in its place; one for another owner goes behind all of theirs. `undefined` when it is gone. */
  replace(id: string, rule: Rule, actor: Actor): Promise<KeptRule | undefined>;
  /** False when there is no such rule. */
  remove(id: string, actor: Actor): Promise<boolean>;
  /** Gives all rules of one owner this order. @param ids all of them. */
  reorder(ids: readonly string[], actor: Actor): Promise<void>;
  /** Names of the profiles and devices that rules are for, by id; those that are not there are absent. */
  ownerNames(rules: readonly RuleOwner[]): Promise<ReadonlyMap<string, string>>;
  /** The id of a profile or device by its id or name. An id is believed: ThingsBoard's database may have it. */
  ownerId(kind: 'profile' | 'device', idOrName: string): Promise<string | undefined>;
}
