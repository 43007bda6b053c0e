import type { FilledRule } from '../../model/topic-rules.ts';
import { isWildcard } from './matching.ts';
import {
  ANY_SUFFIX,
  afterAnyWord,
  afterWord,
  type LiveRule,
  ruleForTopicEnd,
  unmatched,
  withoutIrrelevant,
} from './rule-suffix.ts';

export interface WalkOptions {
  /** Whether topics that no rule matches are allowed. */
  readonly allowUnmatched: boolean;
  /** Limit of live rules visited, summed over all states. */
  readonly maximumSteps: number;
  /** Continue after a refused topic, to measure the cost of the costliest filter. */
  readonly exhaustive?: boolean | undefined;
}

/** Why a filter is refused: a topic that it matches is not allowed, or the check takes too long. */
export type FilterRefusal =
  | { readonly outcome: 'refused'; readonly topic: string }
  | { readonly outcome: 'too_complex' };

export interface WalkResult {
  /** `undefined` if everything is allowed. */
  readonly refused: FilterRefusal | undefined;
  readonly steps: number;
}

/**
 * Decides exactly whether every topic that the filter matches is allowed by the first rule that matches the topic.
 *
 * It walks the levels of all these topics at once. At each level topics differ only by the words that some live
 * rule names; all other words behave alike, so one new word represents them. What happens below a point depends
 * only on the rest of the filter and the suffixes of the live rules in order, so each such state is visited once.
 *
 * The problem is hard in general (rules can express a Boolean formula with one level per variable), so the work is
 * limited. A filter that needs more is refused, although it may be allowed.
 * @param rules the rules that overlap the filter, in order. Leaving out the others also handles the exception for
 *   `$` topics.
 */
export function walkFilter(
  filter: readonly string[],
  rules: readonly FilledRule[],
  options: WalkOptions,
): WalkResult {
  const { allowUnmatched, maximumSteps, exhaustive = false } = options;
  const done = new Set<string>();
  const path: string[] = [];
  let steps = 0;
  let refused: FilterRefusal | undefined;

  /** Checks all topics below `path`, of which there is at least one. Returns false to stop the walk. */
  function checkBelow(at: number, live: readonly LiveRule[]): boolean {
    const first = live[0];
    if (first === undefined) return allowUnmatched || refuse(at);
    if (first.suffix === ANY_SUFFIX) return first.rule.allow || refuse(at);
    const state = stateOf(at, live);
    if (done.has(state)) return true;
    done.add(state);
    const level = filter[at] as string;
    if (!isWildcard(level)) return descend(level, at + 1, afterWord(live, level));
    const next = level === '#' ? at : at + 1;
    const { named, other } = afterAnyWord(live);
    for (const [word, then] of named) {
      if (!descend(word, next, then)) return false;
    }
    return descend(wordNotIn(named), next, other);
  }

  /** Continues with the topics that have `word` as next level; `next` is the index in the filter after it. */
  function descend(word: string, next: number, live: readonly LiveRule[]): boolean {
    steps += live.length + 1;
    if (steps > maximumSteps) return false;
    path.push(word);
    const continues =
      checkTopicEnd(next, live) &&
      (filter[next] === undefined || checkBelow(next, withoutIrrelevant(live, allowUnmatched)));
    path.pop();
    return continues;
  }

  function checkTopicEnd(next: number, live: readonly LiveRule[]): boolean {
    // Topics end where the filter ends, and also before its `#` (MQTT 5, section 4.7.1.2).
    const mayEnd = filter[next] === undefined || filter[next] === '#';
    // The empty text is not a topic [MQTT-4.7.3-1].
    if (!mayEnd || (path.length === 1 && path[0] === '')) return true;
    const rule = ruleForTopicEnd(live);
    return (rule === undefined ? allowUnmatched : rule.allow) || refuse(filter.length);
  }

  /** Records a refused topic: `path`, continued by the filter from `at` on. */
  function refuse(at: number): boolean {
    const rest = filter.slice(at).map((level) => (isWildcard(level) ? 'any' : level));
    refused ??= { outcome: 'refused', topic: [...path, ...rest].join('/') };
    return exhaustive;
  }

  checkBelow(0, withoutIrrelevant(unmatched(rules), allowUnmatched));
  if (refused === undefined && steps > maximumSteps) refused = { outcome: 'too_complex' };
  return { refused, steps };
}

function stateOf(at: number, live: readonly LiveRule[]): string {
  let state = String(at);
  for (const { suffix, rule } of live) state += (rule.allow ? '+' : '-') + suffix.id;
  return state;
}

/** A word that represents all words that no rule names. */
function wordNotIn(named: ReadonlyMap<string, unknown>): string {
  let word = 'any';
  while (named.has(word)) word += '-other';
  return word;
}
