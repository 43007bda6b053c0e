export type Permission = 'allow' | 'deny';

/** `all` is publish and subscribe. */
export type RuleAction = 'publish' | 'subscribe' | 'all';

export type Qos = 0 | 1 | 2;

/** To whom a rule applies. A device may choose its name when it is provisioned, but never its id. */
export type RuleScope =
  | { readonly kind: 'global' }
  | { readonly kind: 'profile' | 'device'; readonly id: string }
  | { readonly kind: 'profile' | 'device'; readonly name: string };

/**
 * A rule of an operator. The first rule that matches decides: global rules before the profile's, and those before
 * the device's.
 */
export interface Rule {
  readonly permission: Permission;
  readonly action: RuleAction;
  /** MQTT filter with placeholders, such as `devices/${device.id}/#`. */
  readonly filter: string;
  /** The QoS levels of a publish or subscribe to which the rule applies; absent means all. */
  readonly qos?: readonly Qos[] | undefined;
  /** The retain flag of a publish to which the rule applies; absent means both. Ignored for a subscribe. */
  readonly retain?: boolean | undefined;
  readonly scope: RuleScope;
  readonly note?: string | undefined;
  /** The rule's position, such as `rules.yaml:12`, for explain. */
  readonly origin?: string | undefined;
}

/**
 * The placeholders of a rule's filter. They are filled with values that the credentials prove, never with a
 * client's claims.
 */
export type Placeholder =
  | 'clientId'
  | 'username'
  | 'device.id'
  | 'device.name'
  | 'profile.name'
  | 'tenant.id'
  | 'certificate.cn';

/** A level with placeholders: texts and placeholders alternate, beginning with a text (often empty). */
export interface OpenLevel {
  readonly texts: readonly string[];
  readonly placeholders: readonly Placeholder[];
}

export type Level = string | OpenLevel;

/** A filter to match. `everything` removes the exception for `$` topics: `#` then matches every topic. */
export interface FilterPattern {
  readonly levels: readonly string[];
  readonly everything: boolean;
}

/** A compiled rule: split levels, conditions as bits. Made once per rule and shared by all subjects. */
export interface CompiledRule {
  readonly rule: Rule;
  readonly allow: boolean;
  readonly description: string;
  /** A smaller order decides first, across all scopes. */
  readonly order: number;
  readonly levels: readonly Level[];
  /** The first level if it is a plain word: the rule matches only topics that begin with it, for every subject. */
  readonly firstWord: string | undefined;
  /** Bits 0, 1 and 2 stand for QoS 0, 1 and 2. */
  readonly qosBits: number;
  /** Whether the rule has a condition, so that it does not treat all publishes (subscribes) to a topic alike. */
  readonly conditional: { readonly publish: boolean; readonly subscribe: boolean };
  /** The filled rule for every subject, if the rule has no placeholder. */
  readonly literal: FilledRule | undefined;
}

/** A rule filled for one subject: plain levels. */
export interface FilledRule extends FilterPattern {
  readonly source: CompiledRule;
  readonly allow: boolean;
}

/** Rules without placeholders as a tree of levels, so that a check skips rules for other topics. */
export interface WordTree {
  readonly words: Map<string, WordTree>;
  plus: WordTree | undefined;
  /** Rules that end here, in order. */
  readonly ends: FilledRule[];
  /** Rules that continue with `#`, in order. */
  readonly tails: FilledRule[];
  /** The smallest order of any rule in this tree. */
  first: number;
}

/** The rules of one scope and reference: all in order, and split by whether they have placeholders. */
export interface RuleGroup {
  readonly rules: readonly CompiledRule[];
  readonly literal: WordTree;
  readonly withPlaceholders: readonly CompiledRule[];
}

/** Compiled operators' rules for all subjects. Immutable: a change makes a new set. */
export interface RuleSet {
  /** By scope and id or name, as `groupKey` of `engine/access/rule-set.ts` writes them. */
  readonly groups: ReadonlyMap<string, RuleGroup>;
  /** Whether any rule has a condition, so that publishes (subscribes) to one topic may differ. */
  readonly conditional: { readonly publish: boolean; readonly subscribe: boolean };
  /**
   * The first words of all rules' filters, including the built-in ones; `undefined` if a filter begins with
   * something else.
   */
  readonly firstWords: ReadonlySet<string> | undefined;
  readonly size: number;
}
