import type { CompiledRule, FilledRule, Qos, RuleSet } from '../../model/topic-rules.ts';
import { applies } from './compile.ts';
import { MAX_STEPS } from './containment.ts';
import { walkFilter } from './filter-walk.ts';
import { isReserved, overlaps } from './matching.ts';
import { BUILT_IN_RULES, groupsByKind } from './rule-set.ts';

/**
 * Finds out whether the check of some subscription could be too complex. It is better to tell the operator who
 * saves the rules than to deny a device's filter later.
 *
 * `#` is the costliest filter: the walk of any other one visits a subset of its states. Only `$` trees are
 * separate, so each of them is tried too. Placeholders count as distinct words. Values that equal other words can
 * change the cost, so the check of a filter keeps its limit. Each profile's rules are tried with the global ones,
 * and each device's with these and the costliest profile's.
 * @returns a sentence that names the scope, or `undefined` if every filter can be checked.
 */
export function complexityProblem(set: RuleSet, maximumSteps: number = MAX_STEPS): string | undefined {
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

/** The highest number of steps of any subscription, or one more than the limit. */
function costOf(rules: readonly CompiledRule[], maximumSteps: number): number {
  const symbolic = [...rules, ...BUILT_IN_RULES].map(asWritten);
  const conditional = rules.some((rule) => rule.conditional.subscribe);
  const asked: readonly (Qos | undefined)[] = conditional ? [undefined, 0, 1, 2] : [undefined];
  let most = 0;
  for (const qos of asked) {
    const live = symbolic.filter((rule) => applies(rule.source, { action: 'subscribe', qos }));
    for (const filter of probesFor(live)) {
      const overlapping = live.filter((rule) => overlaps(rule, filter));
      for (const allowUnmatched of [false, true]) {
        const { steps } = walkFilter(filter, overlapping, { allowUnmatched, maximumSteps, exhaustive: true });
        if (steps > maximumSteps) return steps;
        most = Math.max(most, steps);
      }
    }
  }
  return most;
}

/** Returns the rule with each placeholder as a word that differs from all others. */
function asWritten(rule: CompiledRule): FilledRule {
  return { source: rule, allow: rule.allow, levels: rule.rule.filter.split('/'), everything: false };
}

function probesFor(rules: readonly FilledRule[]): readonly string[][] {
  const reserved = new Set(rules.map(({ levels }) => levels[0] as string).filter(isReserved));
  // `${clientId}` as a first level looks like a `$` tree here; trying it as one is harmless.
  return [['#'], ...[...reserved].map((word) => [word, '#'])];
}
