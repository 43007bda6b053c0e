import type { FilledRule } from '../../model/topic-rules.ts';
import { isWildcard } from './matching.ts';

/**
 * The remaining levels of a rule below some level. Within one list of live rules, equal suffixes are the same
 * object.
 */
export interface RuleSuffix {
  readonly id: number;
  /** The next level: a word, `+` or `#`; `undefined` if the rule ends here. */
  readonly level: string | undefined;
  /** The suffix after that level; after `#`, the same suffix. */
  readonly next: RuleSuffix;
}

/** A rule that still matches the levels which all topics below a point share. */
export interface LiveRule {
  readonly suffix: RuleSuffix;
  readonly rule: FilledRule;
}

const EMPTY_SUFFIX: RuleSuffix = repeatingSuffix(0, undefined);
export const ANY_SUFFIX: RuleSuffix = repeatingSuffix(1, '#');

function repeatingSuffix(id: number, level: string | undefined): RuleSuffix {
  const suffix: { id: number; level: string | undefined; next: RuleSuffix } = {
    id,
    level,
    next: null as never,
  };
  suffix.next = suffix;
  return suffix;
}

/** The rules before any level was matched. */
export function unmatched(rules: readonly FilledRule[]): LiveRule[] {
  const known = new Map<string, RuleSuffix>();
  return rules.map((rule) => {
    let suffix = EMPTY_SUFFIX;
    for (let at = rule.levels.length - 1; at >= 0; at--) {
      const level = rule.levels[at] as string;
      suffix = level === '#' ? ANY_SUFFIX : internSuffix(known, level, suffix);
    }
    return { suffix, rule };
  });
}

function internSuffix(known: Map<string, RuleSuffix>, level: string, next: RuleSuffix): RuleSuffix {
  const key = `${next.id} ${level}`;
  let suffix = known.get(key);
  if (suffix === undefined) {
    suffix = { id: known.size + 2, level, next };
    known.set(key, suffix);
  }
  return suffix;
}

/** The live rules after a word. */
export function afterWord(live: readonly LiveRule[], word: string): LiveRule[] {
  const next: LiveRule[] = [];
  for (const { suffix, rule } of live) {
    if (suffix.level === word || isWildcard(suffix.level)) next.push({ suffix: suffix.next, rule });
  }
  return next;
}

/**
 * The live rules after each word that one of them names, and after any other word. The cost is proportional to the
 * result.
 */
export function afterAnyWord(live: readonly LiveRule[]): {
  readonly named: ReadonlyMap<string, readonly LiveRule[]>;
  readonly other: readonly LiveRule[];
} {
  const named = new Map<string, LiveRule[]>();
  const other: LiveRule[] = [];
  for (const { suffix, rule } of live) {
    if (suffix.level === undefined) continue;
    const next = { suffix: suffix.next, rule };
    if (isWildcard(suffix.level)) {
      for (const list of named.values()) list.push(next);
      other.push(next);
    } else {
      const list = named.get(suffix.level);
      if (list === undefined) named.set(suffix.level, [...other, next]);
      else list.push(next);
    }
  }
  return { named, other };
}

/**
 * Removes rules that cannot change a decision below: ended rules, repeated suffixes, rules after a `#`, and final
 * rules whose effect equals the default. This makes more states equal.
 * @param allowUnmatched whether topics that no rule matches are allowed.
 */
export function withoutIrrelevant(live: readonly LiveRule[], allowUnmatched: boolean): LiveRule[] {
  const kept: LiveRule[] = [];
  const seen = new Set<RuleSuffix>([EMPTY_SUFFIX]);
  let last: LiveRule | undefined;
  for (const one of live) {
    if (seen.has(one.suffix)) continue;
    seen.add(one.suffix);
    if (one.suffix === ANY_SUFFIX) {
      last = one;
      break;
    }
    kept.push(one);
  }
  const fallback = last?.rule.allow ?? allowUnmatched;
  while (kept[kept.length - 1]?.rule.allow === fallback) kept.pop();
  if (last !== undefined && fallback !== allowUnmatched) kept.push(last);
  return kept;
}

/** The rule that decides a topic that ends here. */
export function ruleForTopicEnd(live: readonly LiveRule[]): FilledRule | undefined {
  return live.find(({ suffix }) => suffix === EMPTY_SUFFIX || suffix === ANY_SUFFIX)?.rule;
}
