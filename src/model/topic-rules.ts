export type Permission = 'allow' | 'deny';

/** `all` is publish and subscribe. */
export type RuleAction = 'publish' | 'subscribe' | 'all';

export type Qos = 0 | 1 | 2;

/** Whom a rule is for. Names are not ids: a device may choose its own name when it is provisioned, but never its id. */
export type RuleScope =
  | { readonly kind: 'global' }
  | { readonly kind: 'profile' | 'device'; readonly id: string }
  | { readonly kind: 'profile' | 'device'; readonly name: string };

/** One rule of an operator: the first that matches decides, global ones before the profile's, those before the device's. */
export interface Rule {
  readonly permission: Permission;
  readonly action: RuleAction;
  /** MQTT filter with placeholders, as `devices/${device.id}/#`. */
  readonly filter: string;
  /** The QoS levels of a publish, or asked for by a subscribe, that the rule is for; absent means all. */
  readonly qos?: readonly Qos[] | undefined;
  /** The retain flag of a publish that the rule is for; absent means both. A subscribe has none, and it is not looked at. */
  readonly retain?: boolean | undefined;
  readonly scope: RuleScope;
  readonly note?: string | undefined;
  /** Where it stands, as `rules.yaml:12`, for explain. */
  readonly origin?: string | undefined;
}

/** What a rule's filter may leave open; each is filled with what the credentials prove, never with a client's own word. */
export type Placeholder =
  | 'clientId'
  | 'username'
  | 'device.id'
  | 'device.name'
  | 'profile.name'
  | 'tenant.id'
  | 'certificate.cn';

/** One level with placeholders in it: literal text and placeholders by turns, beginning with text (often empty). */
export interface OpenLevel {
  readonly texts: readonly string[];
  readonly placeholders: readonly Placeholder[];
}

export type Level = string | OpenLevel;

/** A filter to compare with. `everything` lifts the exception for `$` topics: then `#` is every topic there is. */
export interface FilterPattern {
  readonly levels: readonly string[];
  readonly everything: boolean;
}

/** A rule made ready: levels cut, conditions as bits. Made once per rule, shared by all holders. */
export interface CompiledRule {
  readonly rule: Rule;
  readonly allow: boolean;
  readonly description: string;
  /** Smaller decides first, over all scopes. */
  readonly order: number;
  readonly levels: readonly Level[];
  /** The first level where it is plain text: no topic that begins otherwise concerns the rule, whatever its holder. */
  readonly firstWord: string | undefined;
  /** Bit 0, 1, 2 for QoS 0, 1, 2. */
  readonly qosBits: number;
  /** True when the rule has a condition, so that not every publish (subscribe) to a topic is treated alike. */
  readonly conditional: { readonly publish: boolean; readonly subscribe: boolean };
  /** The rule itself as every holder has it, when it has no placeholder. */
  readonly literal: FilledRule | undefined;
}

/** A rule as one holder has it: plain levels. */
export interface FilledRule extends FilterPattern {
  readonly source: CompiledRule;
  readonly allow: boolean;
}

/** Rules without placeholders, by level, so that a check does not look at rules for other topics. */
export interface WordTree {
  readonly words: Map<string, WordTree>;
  plus: WordTree | undefined;
  /** Rules that end here, in order. */
  readonly ends: FilledRule[];
  /** Rules with `#` from here on, in order. */
  readonly rests: FilledRule[];
  /** The smallest order of any rule in here or below. */
  first: number;
}

/** The rules of one scope for one reference: all in order, and the same split for a quick look. */
export interface RuleGroup {
  readonly rules: readonly CompiledRule[];
  readonly literal: WordTree;
  readonly open: readonly CompiledRule[];
}

/** Operators' rules, compiled once and then asked for every holder. Immutable: a change makes a new set. */
export interface RuleSet {
  /** By scope and id or name, as `groupKey` of `engine/access/rule-set.ts` writes them. */
  readonly groups: ReadonlyMap<string, RuleGroup>;
  /** Whether any rule has a condition that tells one subscribe (publish) to a topic from another. */
  readonly conditional: { readonly publish: boolean; readonly subscribe: boolean };
  /** The words with which the filters of all rules begin, the built-in ones too; `undefined` where one begins otherwise. */
  readonly firstWords: ReadonlySet<string> | undefined;
  readonly size: number;
}
