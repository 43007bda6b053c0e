import type { CompiledRule, FilledRule, Qos, RuleSet } from '../../model/topic-rules.ts';
import { applies } from './compile.ts';
import { MAXIMUM_STEPS } from './containment.ts';
import { walkFilter } from './filter-walk.ts';
import { isReserved, overlaps } from './matching.ts';
import { groupsByKind, OWN_RULES } from './rule-set.ts';

/**
 * Refuses a rule set on which some subscription could be too complex to check: better told to the operator who saves it
 * than to a device whose filter is denied.
 *
 * `#` is the costliest filter: the walk of any other reaches a part of its states (only the `$` trees lie apart, so each
 * is tried too). Placeholders count as words of their own; values that coincide with other words can change the cost,
 * which is why the check of a filter keeps its cap. Each profile's rules are tried with the global ones, each device's
 * with these and the costliest profile's.
 * @returns a sentence naming the scope, or `undefined` when every filter can be checked.
 */
export function complexityProblem(set: RuleSet, maximumSteps: number = MAXIMUM_STEPS): string | undefined {
  const { global, profiles, devices } = groupsByKind(set);
  let costliest: readonly CompiledRule[] = [];
  let most = costOf(global, maximumSteps);
  if (most > maximumSteps) return tooComplex('the global rules');
  for (const [name, rules] of profiles) {
    const cost = costOf([...global, ...rules], maximumSteps);
    if (cost > maximumSteps) return tooComplex(`the rules of ${name}, with the global ones,`);
    if (cost > most) {
      most = cost;
      costliest = rules;
    }
  }
  for (const [name, rules] of devices) {
    const cost = costOf([...global, ...costliest, ...rules], maximumSteps);
    if (cost > maximumSteps) return tooComplex(`the rules of ${name}, with those that go before them,`);
  }
  return undefined;
}

function tooComplex(whose: string): string {
  return `${whose} are too entangled: some subscriptions could not be checked against them. Use fewer rules that mix + and words at different levels`;
}

/** The greatest number of steps that any subscription takes, or one more than the maximum. */
function costOf(rules: readonly CompiledRule[], maximumSteps: number): number {
  const symbolic = [...rules, ...OWN_RULES].map(asWritten);
  const conditional = rules.some((rule) => rule.conditional.subscribe);
  const asked: readonly (Qos | undefined)[] = conditional ? [undefined, 0, 1, 2] : [undefined];
  let most = 0;
  for (const qos of asked) {
    const live = symbolic.filter((rule) => applies(rule.source, { action: 'subscribe', qos }));
    for (const filter of probesFor(live)) {
      const overlapping = live.filter((rule) => overlaps(rule, filter));
      for (const otherwise of [false, true]) {
        const { steps } = walkFilter(filter, overlapping, { otherwise, maximumSteps, exhaustive: true });
        if (steps > maximumSteps) return steps;
        most = Math.max(most, steps);
      }
    }
  }
  return most;
}

/** The rule with each placeholder standing for itself: a word unlike all others. */
function asWritten(rule: CompiledRule): FilledRule {
  return { source: rule, allow: rule.allow, levels: rule.rule.filter.split('/'), everything: false };
}

function probesFor(rules: readonly FilledRule[]): readonly string[][] {
  const reserved = new Set(rules.map(({ levels }) => levels[0] as string).filter(isReserved));
  // `${clientId}` as a first level looks like a `$` tree here; to try it as one does no harm.
  return [['#'], ...[...reserved].map((word) => [word, '#'])];
}
