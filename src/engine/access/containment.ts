import type { FilledRule } from '../../model/topic-rules.ts';
import { type FilterRefusal, walkFilter } from './filter-walk.ts';
import { covers, hasWildcard, matches, overlaps } from './matching.ts';

/** Thousands of rules about different words stay below this limit, which is about ten milliseconds of work. */
export const MAX_STEPS = 30_000;

export interface ContainmentOptions {
  /** Whether topics that no rule matches are allowed. With `true` only denies are found. */
  readonly allowUnmatched?: boolean | undefined;
  readonly maximumSteps?: number | undefined;
}

export type Containment =
  /**
   * `rule` alone allows everything. Without it, several rules together do (with `allowUnmatched`, also without
   * rules).
   */
  | { readonly outcome: 'allowed'; readonly rule: FilledRule | undefined }
  /**
   * `rule` denies `topic`; without it, no rule matches `topic`. If the whole filter meets a deny first, `topic` is
   * the filter.
   */
  | (FilterRefusal & { readonly rule: FilledRule | undefined });

/**
 * Decides whether a subscriber to the filter receives only what the rules allow: for every topic that the filter
 * matches, the first rule that matches the topic must allow it.
 * @param rules the rules that apply, in order.
 */
export function containment(
  filter: readonly string[],
  rules: readonly FilledRule[],
  options: ContainmentOptions = {},
): Containment {
  const { allowUnmatched = false, maximumSteps = MAX_STEPS } = options;
  if (!hasWildcard(filter)) return decideTopicName(filter, rules, allowUnmatched);
  const overlapping = rules.filter((rule) => overlaps(rule, filter));
  const first = overlapping[0];
  if (first === undefined) {
    return allowUnmatched
      ? { outcome: 'allowed', rule: undefined }
      : { outcome: 'refused', rule: undefined, topic: filter.join('/') };
  }
  // Some topic of the filter matches this rule before any other.
  if (!first.allow) return { outcome: 'refused', rule: first, topic: filter.join('/') };
  if (covers(first, filter)) return { outcome: 'allowed', rule: first };
  const { refused } = walkFilter(filter, overlapping, { allowUnmatched, maximumSteps });
  if (refused === undefined) return { outcome: 'allowed', rule: undefined };
  if (refused.outcome === 'too_complex') return { ...refused, rule: undefined };
  const topic = refused.topic.split('/');
  return { ...refused, rule: overlapping.find((rule) => matches(rule, topic)) };
}

function decideTopicName(
  topic: readonly string[],
  rules: readonly FilledRule[],
  allowUnmatched: boolean,
): Containment {
  const rule = rules.find((one) => matches(one, topic));
  return (rule === undefined ? allowUnmatched : rule.allow)
    ? { outcome: 'allowed', rule }
    : { outcome: 'refused', rule, topic: topic.join('/') };
}
