import type { FilledRule } from '../../model/topic-rules.ts';
import { type Refused, walkFilter } from './filter-walk.ts';
import { covers, hasWildcard, matches, overlaps } from './matching.ts';

/** Thousands of rules about different words stay below it; it is about ten milliseconds of work. */
export const MAXIMUM_STEPS = 30_000;

export interface ContainmentOptions {
  /** Whether topics that no rule matches are let through: `true` asks only whether a deny stands in the way. */
  readonly otherwise?: boolean | undefined;
  readonly maximumSteps?: number | undefined;
}

export type Containment =
  /** `rule` alone allows everything, or without it, several rules together (and `otherwise`). */
  | { readonly outcome: 'allowed'; readonly rule: FilledRule | undefined }
  /** `rule` denies `topic`, or without it, none matches. For a deny that the whole filter meets first, `topic` is the filter. */
  | (Refused & { readonly rule: FilledRule | undefined });

/**
 * Whether a subscriber to the filter could receive only what the rules allow: every topic that it matches is allowed by
 * the first rule that matches that topic.
 * @param rules in order, those that apply.
 */
export function containment(
  filter: readonly string[],
  rules: readonly FilledRule[],
  options: ContainmentOptions = {},
): Containment {
  const { otherwise = false, maximumSteps = MAXIMUM_STEPS } = options;
  if (!hasWildcard(filter)) return single(filter, rules, otherwise);
  const overlapping = rules.filter((rule) => overlaps(rule, filter));
  const first = overlapping[0];
  if (first === undefined) {
    return otherwise
      ? { outcome: 'allowed', rule: undefined }
      : { outcome: 'refused', rule: undefined, topic: filter.join('/') };
  }
  // Some topic of the filter meets this rule before any other.
  if (!first.allow) return { outcome: 'refused', rule: first, topic: filter.join('/') };
  if (covers(first, filter)) return { outcome: 'allowed', rule: first };
  const { refused } = walkFilter(filter, overlapping, { otherwise, maximumSteps });
  if (refused === undefined) return { outcome: 'allowed', rule: undefined };
  if (refused.outcome === 'too_complex') return { ...refused, rule: undefined };
  const topic = refused.topic.split('/');
  return { ...refused, rule: overlapping.find((rule) => matches(rule, topic)) };
}

function single(topic: readonly string[], rules: readonly FilledRule[], otherwise: boolean): Containment {
  const rule = rules.find((one) => matches(one, topic));
  return (rule === undefined ? otherwise : rule.allow)
    ? { outcome: 'allowed', rule }
    : { outcome: 'refused', rule, topic: topic.join('/') };
}
