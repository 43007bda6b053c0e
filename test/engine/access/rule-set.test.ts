import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { complexityProblem } from '../../../src/engine/access/complexity.ts';
import { compileRules, firstRule, mayMatch, rulesFor } from '../../../src/engine/access/rule-set.ts';
import type { Qos, Rule, RuleScope } from '../../../src/model/topic-rules.ts';
import { DEVICE_ID, entangled, mqttMatches, rule, rules, subject, TOPICS } from './support.ts';

const SCOPES: readonly RuleScope[] = [
  { kind: 'global' },
  { kind: 'profile', id: 'profile-id-1' },
  { kind: 'profile', name: 'meters' },
  { kind: 'device', id: DEVICE_ID },
  { kind: 'device', name: 'meter-1' },
  { kind: 'profile', name: 'others' },
  { kind: 'device', id: 'meter-1' },
  { kind: 'device', name: DEVICE_ID },
];

const scoped = fc
  .tuple(rules, fc.array(fc.constantFrom(...SCOPES), { minLength: 6, maxLength: 6 }))
  .map(([list, scopes]) => list.map((one, at): Rule => ({ ...one, scope: scopes[at] ?? one.scope })));

/** The rules that concern the holder, in the order that the words promise: global, profile, device. */
function inOrder(list: readonly Rule[]): Rule[] {
  const mine = (scope: RuleScope) =>
    SCOPES.slice(0, 5).some((one) => JSON.stringify(one) === JSON.stringify(scope));
  return (['global', 'profile', 'device'] as const).flatMap((kind) =>
    list.filter(({ scope }) => scope.kind === kind && mine(scope)),
  );
}

test('the indexed search finds the first rule of the list', () => {
  fc.assert(
    fc.property(
      scoped,
      fc.constantFrom('publish' as const, 'subscribe' as const),
      fc.constantFrom<Qos | undefined>(0, 1, 2, undefined),
      fc.constantFrom(true, false, undefined),
      fc.array(fc.constantFrom(...TOPICS), { minLength: 10 }),
      (list, action, qos, retain, topics) => {
        const set = compileRules(list);
        for (const topic of topics) {
          if (!mayMatch(set, topic))
            assert.equal(firstRule(set, subject(), { action, qos, retain }, topic.split('/')), undefined);
          const first = inOrder(list).find(
            (one) =>
              (one.action === 'all' || one.action === action) &&
              (one.qos === undefined ||
                one.qos.length === 3 ||
                (qos === undefined ? one.permission === 'deny' : one.qos.includes(qos))) &&
              (action === 'subscribe' ||
                one.retain === undefined ||
                (retain === undefined ? one.permission === 'deny' : one.retain === retain)) &&
              mqttMatches(one.filter, topic),
          );
          const found = firstRule(set, subject(), { action, qos, retain }, topic.split('/'));
          assert.equal(found?.source.rule, first, topic);
        }
      },
    ),
    { numRuns: 3000 },
  );
});

test('the complete list has the same order, with the device’s own topics last', () => {
  fc.assert(
    fc.property(scoped, (list) => {
      const whole = rulesFor(compileRules(list), subject(), 'publish').map(({ source }) => source.rule);
      const expected = inOrder(list).filter(({ action }) => action !== 'subscribe');
      assert.deepEqual(whole.slice(0, -1), expected);
      assert.equal(whole.at(-1)?.origin, 'built in');
    }),
  );
});

test('rules with and without placeholders keep their order', () => {
  const set = compileRules([
    rule('deny publish a/<clientId>/x'),
    rule('allow publish a/+/x'),
    rule('deny publish a/<username>/x'),
  ]);
  const first = (topic: string) =>
    firstRule(set, subject(), { action: 'publish' }, topic.split('/'))?.source.description;
  assert.match(first('a/meter-client/x') ?? '', /deny publish a\/\$\{clientId/);
  assert.match(first('a/meter-user/x') ?? '', /allow publish/);
});

test('an unusable rule is refused with its position', () => {
  assert.throws(() => compileRules([rule('allow publish a'), rule('allow publish a/#/b')]), {
    name: 'RangeError',
    message: 'rule 2: "a/#/b" is not a valid topic filter',
  });
});

test('ordinary rule sets are accepted; too complex ones are refused with their scope', () => {
  const ordinary = Array.from({ length: 300 }, (_, at) => [
    rule(`deny subscribe plant/line-${at}/<clientId>/secret/#`),
    rule(`allow subscribe plant/line-${at}/+/+/state`),
    rule(`allow subscribe plant/+/machine-${at}/#`, { qos: [0] }),
  ]).flat();
  assert.equal(complexityProblem(compileRules(ordinary.slice(0, 60))), undefined);
  assert.equal(complexityProblem(compileRules([rule('allow all #')])), undefined);
  const tangle = entangled(16, { scope: { kind: 'profile', name: 'tangle' } });
  assert.match(complexityProblem(compileRules(tangle)) ?? '', /^the rules of profile tangle/);
  const inside = tangle.map((one) => ({ ...one, filter: `$x/${one.filter}` }));
  assert.match(complexityProblem(compileRules(inside)) ?? '', /^the rules of profile tangle/);
  const forDevice = tangle.map((one) => ({ ...one, scope: { kind: 'device', id: DEVICE_ID } as const }));
  assert.match(complexityProblem(compileRules(forDevice)) ?? '', /^the rules of deviceId/);
});

test('a topic whose first level is in no rule is not compared with any', () => {
  const set = compileRules([rule('allow publish plant/+/x'), rule('allow publish /y/#')]);
  const concerned = (topic: string) => mayMatch(set, topic);
  assert.deepEqual(['plant', 'plant/1/x', '/y', '', 'devices/1'].map(concerned), Array(5).fill(true));
  assert.deepEqual(
    ['plants/1/x', 'v1/devices/me/telemetry', 'y', '$SYS/x'].map(concerned),
    Array(4).fill(false),
  );
  for (const filter of ['+/x', '#', '\u0024{clientId}/x'])
    assert.equal(mayMatch(compileRules([rule(`deny publish ${filter}`)]), 'anything'), true, filter);
});
