import type { FilledRule } from '../../model/topic-rules.ts';
import { isWildcard } from './matching.ts';

/** What is left of a rule below some level; within one list of live rules, equal rests are one object. */
export interface RuleSuffix {
  readonly id: number;
  /** The next level: a word, `+` or `#`; `undefined` when the rule ends here. */
  readonly level: string | undefined;
  /** What is left after that level; of `#`, itself. */
  readonly next: RuleSuffix;
}

/** A rule that still matches what the topics below a point have in common. */
export interface LiveRule {
  readonly rest: RuleSuffix;
  readonly rule: FilledRule;
}

export const ENDED: RuleSuffix = endless(0, undefined);
export const ANYTHING: RuleSuffix = endless(1, '#');

function endless(id: number, level: string | undefined): RuleSuffix {
  const rest: { id: number; level: string | undefined; next: RuleSuffix } = {
    id,
    level,
    next: null as never,
  };
  rest.next = rest;
  return rest;
}

/** The rules with nothing matched yet. */
export function whole(rules: readonly FilledRule[]): LiveRule[] {
  const known = new Map<string, RuleSuffix>();
  return rules.map((rule) => {
    let rest = ENDED;
    for (let at = rule.levels.length - 1; at >= 0; at--) {
      const level = rule.levels[at] as string;
      rest = level === '#' ? ANYTHING : restOf(known, level, rest);
    }
    return { rest, rule };
  });
}

function restOf(known: Map<string, RuleSuffix>, level: string, next: RuleSuffix): RuleSuffix {
  const key = `${next.id} ${level}`;
  let rest = known.get(key);
  if (rest === undefined) {
    rest = { id: known.size + 2, level, next };
    known.set(key, rest);
  }
  return rest;
}

/** The live rules after one given word. */
export function after(live: readonly LiveRule[], word: string): LiveRule[] {
  const next: LiveRule[] = [];
  for (const { rest, rule } of live) {
    if (rest.level === word || isWildcard(rest.level)) next.push({ rest: rest.next, rule });
  }
  return next;
}

/** The live rules after every word that one of them names, and after any other word. Costs no more than what it returns. */
export function afterEach(live: readonly LiveRule[]): {
  readonly named: ReadonlyMap<string, readonly LiveRule[]>;
  readonly other: readonly LiveRule[];
} {
  const named = new Map<string, LiveRule[]>();
  const other: LiveRule[] = [];
  for (const { rest, rule } of live) {
    if (rest.level === undefined) continue;
    const next = { rest: rest.next, rule };
    if (isWildcard(rest.level)) {
      for (const list of named.values()) list.push(next);
      other.push(next);
    } else {
      const list = named.get(rest.level);
      if (list === undefined) named.set(rest.level, [...other, next]);
      else list.push(next);
    }
  }
  return { named, other };
}

/**
 * Without what cannot matter below: rules that ended, repetitions of a rest, whatever follows a `#`, and at the end, rules
 * that say only what happens without them too. Makes more states the same one.
 * @param otherwise what happens to topics that no rule matches.
 */
export function essential(live: readonly LiveRule[], otherwise: boolean): LiveRule[] {
  const kept: LiveRule[] = [];
  const seen = new Set<RuleSuffix>([ENDED]);
  let last: LiveRule | undefined;
  for (const one of live) {
    if (seen.has(one.rest)) continue;
    seen.add(one.rest);
    if (one.rest === ANYTHING) {
      last = one;
      break;
    }
    kept.push(one);
  }
  const fallback = last?.rule.allow ?? otherwise;
  while (kept[kept.length - 1]?.rule.allow === fallback) kept.pop();
  if (last !== undefined && fallback !== otherwise) kept.push(last);
  return kept;
}

/** The rule that decides a topic which ends here. */
export function firstEnding(live: readonly LiveRule[]): FilledRule | undefined {
  return live.find(({ rest }) => rest === ENDED || rest === ANYTHING)?.rule;
}
