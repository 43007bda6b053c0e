import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileRule } from '../../../src/engine/access/compile.ts';
import { type Containment, containment } from '../../../src/engine/access/containment.ts';
import { walkFilter } from '../../../src/engine/access/filter-walk.ts';
import { overlaps } from '../../../src/engine/access/matching.ts';
import type { Rule } from '../../../src/model/topic-rules.ts';
import { entangled, filters, mqttMatches, plainRules, rule, TOPICS } from './support.ts';

function filled(rules: readonly Rule[]) {
  return rules.map((one, at) => {
    const { literal } = compileRule(one, at);
    assert.ok(literal);
    return literal;
  });
}

function check(filter: string, rules: readonly Rule[], allowUnmatched = false): Containment {
  return containment(filter.split('/'), filled(rules), { allowUnmatched });
}

/** What the first matching rule says of each topic that the filter matches. */
function bruteForce(filter: string, rules: readonly Rule[], allowUnmatched: boolean): boolean {
  return TOPICS.every((topic) => {
    if (!mqttMatches(filter, topic)) return true;
    const first = rules.find((one) => mqttMatches(one.filter, topic));
    return first === undefined ? allowUnmatched : first.permission === 'allow';
  });
}

type Checker = (filter: string, rules: readonly Rule[], allowUnmatched: boolean) => boolean;

function equality(checker: Checker) {
  return fc.property(filters, plainRules, fc.boolean(), (filter, rules, allowUnmatched) => {
    return checker(filter, rules, allowUnmatched) === bruteForce(filter, rules, allowUnmatched);
  });
}

test('a filter is allowed exactly if every topic that it matches is allowed', () => {
  fc.assert(
    equality((filter, rules, allowUnmatched) => check(filter, rules, allowUnmatched).outcome === 'allowed'),
    { numRuns: 4000 },
  );
});

test('the walk without shortcuts gives the same result', () => {
  const walk: Checker = (filter, rules, allowUnmatched) => {
    const levels = filter.split('/');
    const overlapping = filled(rules).filter((one) => overlaps(one, levels));
    return walkFilter(levels, overlapping, { allowUnmatched, maximumSteps: 1e6 }).refused === undefined;
  };
  fc.assert(equality(walk), { numRuns: 4000 });
});

test('simplistic checkers fail the property', () => {
  const lazy: Checker[] = [
    () => false,
    () => true,
    // The filter as if it were a topic, as brokers do.
    (filter, rules, allowUnmatched) => {
      const first = rules.find((one) => mqttMatches(one.filter, filter));
      return first === undefined ? allowUnmatched : first.permission === 'allow';
    },
    // One rule must cover everything.
    (filter, rules) => {
      const { outcome, ...more } = check(filter, rules);
      return outcome === 'allowed' && 'rule' in more && more.rule !== undefined;
    },
  ];
  for (const checker of lazy) {
    assert.ok(fc.check(equality(checker), { numRuns: 4000 }).failed);
  }
});

test('a refusal names a refused topic of the filter', () => {
  fc.assert(
    fc.property(filters, plainRules, (filter, rules) => {
      const checked = check(filter, rules);
      if (checked.outcome !== 'refused' || checked.topic === filter) return;
      assert.ok(mqttMatches(filter, checked.topic), checked.topic);
      const first = rules.find((one) => mqttMatches(one.filter, checked.topic));
      assert.equal(first, checked.rule?.source.rule);
      assert.notEqual(first?.permission, 'allow');
    }),
    { numRuns: 2000 },
  );
});

const CASES: readonly (readonly [filter: string, rules: string[], allowed: boolean])[] = [
  ['a/+', ['allow subscribe a/#'], true],
  ['a/#', ['allow subscribe a/+'], false],
  ['a/#', ['allow subscribe a/+', 'allow subscribe a', 'allow subscribe a/+/#'], true],
  ['a/+', ['deny subscribe a/secret', 'allow subscribe a/+'], false],
  ['a/+', ['allow subscribe a/secret', 'deny subscribe a/secret', 'allow subscribe a/+'], true],
  ['#', ['allow subscribe #'], true],
  ['#', ['allow subscribe +', 'allow subscribe +/#'], true],
  ['#', ['allow subscribe +/#'], true],
  ['#', ['deny subscribe $SYS/#', 'allow subscribe #'], true],
  ['$SYS/#', ['allow subscribe #'], false],
  ['$SYS/#', ['allow subscribe $SYS/#'], true],
  ['+/x', ['allow subscribe +/x', 'deny subscribe $SYS/x'], true],
  ['a//b', ['allow subscribe a/+/b'], true],
  // The same rests, once under a deny and once not.
  ['+/+', ['allow subscribe b/x', 'deny subscribe a/x', 'allow subscribe +/+'], false],
  // `/#` and `+` have only the empty text in common, and that is no topic.
  ['+', ['deny subscribe /#', 'allow subscribe #'], true],
  ['+/#', ['deny subscribe /#', 'allow subscribe #'], false],
];

for (const [filter, rules, allowed] of CASES) {
  test(`${filter} under ${rules.join(', ')}: ${allowed ? 'allowed' : 'refused'}`, () => {
    assert.equal(
      check(
        filter,
        rules.map((text) => rule(text)),
      ).outcome,
      allowed ? 'allowed' : 'refused',
    );
  });
}

test('exceeding the limit is a separate outcome, never a guess', () => {
  const rules = filled(entangled(16));
  const filter = Array.from({ length: 32 }, () => '+');
  const counted = walkFilter(filter, rules, {
    allowUnmatched: false,
    maximumSteps: 100_000,
    exhaustive: true,
  });
  assert.ok(counted.steps > 100_000, String(counted.steps));
  assert.equal(containment(filter, rules, { maximumSteps: 10 }).outcome, 'too_complex');
  assert.equal(containment(filter, rules).outcome, 'refused');
});

test('rules that behave alike below some level count as one', () => {
  const rules = Array.from({ length: 20 }, (_, at) =>
    rule(`allow subscribe ${Array.from({ length: 20 }, (_, other) => (other === at ? 'x' : '+')).join('/')}`),
  );
  const filter = Array.from({ length: 20 }, () => '+');
  const { steps } = walkFilter(filter, filled(rules), {
    allowUnmatched: false,
    maximumSteps: 1e6,
    exhaustive: true,
  });
  assert.ok(steps < 2000, String(steps));
});

test('a thousand rules about different words stay below the limit', () => {
  const rules = Array.from({ length: 1000 }, (_, at) => rule(`deny subscribe lines/${at}/secret`));
  const all = [...rules, rule('allow subscribe lines/+/+')];
  assert.equal(check('lines/+/+', all).outcome, 'refused');
  const allowing = rules.map((one) => ({ ...one, permission: 'allow' as const }));
  assert.equal(check('lines/+/+', [...allowing, rule('allow subscribe lines/+/+')]).outcome, 'allowed');
});
