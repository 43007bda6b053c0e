import type { FilledRule } from '../../model/topic-rules.ts';
import { isWildcard } from './matching.ts';
import { ANYTHING, after, afterEach, essential, firstEnding, type LiveRule, whole } from './rule-suffix.ts';

export interface WalkOptions {
  /** Whether topics that no rule matches are let through. */
  readonly otherwise: boolean;
  /** How many live rules may be looked at, summed over all states. */
  readonly maximumSteps: number;
  /** Goes on after a topic that is refused, to learn what the costliest filter could cost. */
  readonly exhaustive?: boolean | undefined;
}

/** Why a filter is not allowed: for the sake of this topic, or because it takes too long to tell. */
export type Refused =
  | { readonly outcome: 'refused'; readonly topic: string }
  | { readonly outcome: 'too_complex' };

export interface Walked {
  /** `undefined` when everything is allowed. */
  readonly refused: Refused | undefined;
  readonly steps: number;
}

/**
 * Whether every topic that the filter matches is allowed by the first rule that matches it: exactly.
 *
 * Walks the levels of all those topics at once. At each level topics differ only by the words that some live rule names;
 * all other words fare alike, so one fresh word stands for them. What happens below a point depends on the rest of the
 * filter and the rests of the live rules in order, on nothing else, so each such state is looked at once.
 *
 * The question is hard in general (rules can spell a Boolean formula, a level a variable), so the work is capped. The
 * trade: a filter that needs more is refused, though it might be allowed.
 * @param rules those that overlap the filter, in order. The exception for `$` topics is settled by leaving others out.
 */
export function walkFilter(
  filter: readonly string[],
  rules: readonly FilledRule[],
  options: WalkOptions,
): Walked {
  const { otherwise, maximumSteps, exhaustive = false } = options;
  const done = new Set<string>();
  const path: string[] = [];
  let steps = 0;
  let refused: Refused | undefined;

  /** Looks at all topics below `path`, of which there is at least one. False stops the walk. */
  function below(at: number, live: readonly LiveRule[]): boolean {
    const first = live[0];
    if (first === undefined) return otherwise || refuse(at);
    if (first.rest === ANYTHING) return first.rule.allow || refuse(at);
    const state = stateOf(at, live);
    if (done.has(state)) return true;
    done.add(state);
    const level = filter[at] as string;
    if (!isWildcard(level)) return into(level, at + 1, after(live, level));
    const next = level === '#' ? at : at + 1;
    const { named, other } = afterEach(live);
    for (const [word, then] of named) {
      if (!into(word, next, then)) return false;
    }
    return into(wordNotIn(named), next, other);
  }

  /** Goes on to the topics with `word` as their next level; `next` is the place in the filter after it. */
  function into(word: string, next: number, live: readonly LiveRule[]): boolean {
    steps += live.length + 1;
    if (steps > maximumSteps) return false;
    path.push(word);
    const goesOn =
      endsWell(next, live) && (filter[next] === undefined || below(next, essential(live, otherwise)));
    path.pop();
    return goesOn;
  }

  function endsWell(next: number, live: readonly LiveRule[]): boolean {
    // Topics end where the filter does, and before its `#` too (MQTT 5, section 4.7.1.2).
    const mayEnd = filter[next] === undefined || filter[next] === '#';
    // The empty text is no topic [MQTT-4.7.3-1].
    if (!mayEnd || (path.length === 1 && path[0] === '')) return true;
    const rule = firstEnding(live);
    return (rule === undefined ? otherwise : rule.allow) || refuse(filter.length);
  }

  /** `path` is the front of a refused topic; the filter from `at` on says how it may go on. */
  function refuse(at: number): boolean {
    const rest = filter.slice(at).map((level) => (isWildcard(level) ? 'any' : level));
    refused ??= { outcome: 'refused', topic: [...path, ...rest].join('/') };
    return exhaustive;
  }

  below(0, essential(whole(rules), otherwise));
  if (refused === undefined && steps > maximumSteps) refused = { outcome: 'too_complex' };
  return { refused, steps };
}

function stateOf(at: number, live: readonly LiveRule[]): string {
  let state = String(at);
  for (const { rest, rule } of live) state += (rule.allow ? '+' : '-') + rest.id;
  return state;
}

/** An example of all the words that no rule names. */
function wordNotIn(named: ReadonlyMap<string, unknown>): string {
  let word = 'any';
  while (named.has(word)) word += '-other';
  return word;
}
