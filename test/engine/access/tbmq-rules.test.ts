import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decideTopic } from '../../../src/engine/access/decide-topic.ts';
import { compileRules } from '../../../src/engine/access/rule-set.ts';
import { tbmqRules } from '../../../src/engine/access/tbmq-rules.ts';
import { DEVICE_ID, filters, rule, rules, subject, TOPICS } from './support.ts';

const OPTIONS = { perDeviceMountpoint: false };

/** TBMQ: the whole text must match some pattern of the list (`brokers/tbmq.md` section 3). */
function tbmqAllows(patterns: readonly string[], text: string): boolean {
  return patterns.some((pattern) => new RegExp(`^(?:${pattern})$`).test(text));
}

const publishTopics = fc.oneof(
  fc.constantFrom(...TOPICS),
  fc.constantFrom(
    'v1/devices/me/telemetry',
    'v1/devices/me/attributes/request/1',
    'v1/devices/me/attributes/request/9999999999',
    'v1/devices/me/attributes/request/abc',
    `devices/${DEVICE_ID}/x`,
    `devices/${DEVICE_ID}x`,
    'devices/other',
  ),
);

const CIRCUMSTANCES = ([0, 1, 2] as const).flatMap((qos) => [false, true].map((retain) => ({ qos, retain })));

test('the patterns never allow more than decideTopic, for any QoS', () => {
  let allowedByBoth = 0;
  let allowedByUs = 0;
  fc.assert(
    fc.property(
      rules,
      fc.array(publishTopics, { minLength: 15 }),
      fc.array(filters, { minLength: 15 }),
      fc.boolean(),
      (list, topics, asked, apart) => {
        const set = compileRules(list);
        const options = { perDeviceMountpoint: apart };
        const sent = tbmqRules(subject(), set, options);
        for (const [action, texts, patterns] of [
          ['publish', topics, sent.pub],
          ['subscribe', asked, sent.sub],
        ] as const) {
          for (const topic of texts) {
            const ours = CIRCUMSTANCES.every(
              (more) => decideTopic(subject(), { action, topic, ...more }, set, options).allowed,
            );
            const theirs = tbmqAllows(patterns, topic);
            assert.ok(ours || !theirs, `TBMQ would allow ${action} ${topic} by ${JSON.stringify(sent)}`);
            if (ours) allowedByUs++;
            if (ours && theirs) allowedByBoth++;
          }
        }
      },
    ),
    { numRuns: 1000 },
  );
  assert.ok(allowedByBoth > allowedByUs * 0.9, `${allowedByBoth} of ${allowedByUs}`);
});

test('publishing is exact if no rule has a condition', () => {
  const plain = rules.map((list) => list.map((one) => ({ ...one, qos: undefined, retain: undefined })));
  fc.assert(
    fc.property(plain, fc.array(fc.constantFrom(...TOPICS), { minLength: 20 }), (list, topics) => {
      const set = compileRules(list);
      const { pub } = tbmqRules(subject(), set, OPTIONS);
      for (const topic of topics) {
        const ours = decideTopic(subject(), { action: 'publish', topic }, set, OPTIONS).allowed;
        assert.equal(tbmqAllows(pub, topic), ours, topic);
      }
    }),
    { numRuns: 1000 },
  );
});

test('names are quoted: a name that looks like a pattern matches only itself', () => {
  const names = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('.*', '\\E', 'a|b', '$', '(', '[a]', 'a\nb', '\\Q', 'ü€😀'),
  );
  fc.assert(
    fc.property(names, names, (name, other) => {
      const who = subject({ username: name });
      const { pub, sub } = tbmqRules(who, compileRules([rule('allow all x/<username>/y')]), OPTIONS);
      for (const pattern of [...pub, ...sub]) assert.doesNotThrow(() => new RegExp(pattern));
      for (const [action, patterns] of [
        ['publish', pub],
        ['subscribe', sub],
      ] as const) {
        for (const topic of [`x/${name}/y`, `x/${other}/y`]) {
          const set = compileRules([rule('allow all x/<username>/y')]);
          const ours = decideTopic(who, { action, topic }, set, OPTIONS).allowed;
          assert.equal(tbmqAllows(patterns, topic), ours, topic);
        }
      }
    }),
    { numRuns: 2000 },
  );
});

test('both lists are always present, and a provisioning session may publish its request', () => {
  const who = subject({ role: 'provisioning_session', device: undefined });
  assert.deepEqual(tbmqRules(who, compileRules([rule('allow all #')]), OPTIONS), {
    pub: ['^\\/provision\\/request$'],
    sub: [],
  });
});

test('numbers are those that Java parses into 32 bits', () => {
  const { pub } = tbmqRules(subject(), compileRules([]), OPTIONS);
  assert.ok(tbmqAllows(pub, 'v1/devices/me/attributes/request/999999999'));
  assert.ok(!tbmqAllows(pub, 'v1/devices/me/attributes/request/9999999999'));
  assert.ok(!tbmqAllows(pub, 'v1/devices/me/attributes/request/'));
  const denying = compileRules([rule('deny publish v1/devices/me/attributes/request/7')]);
  const narrowed = tbmqRules(subject(), denying, OPTIONS);
  assert.ok(!tbmqAllows(narrowed.pub, 'v1/devices/me/attributes/request/7'));
  assert.ok(tbmqAllows(narrowed.pub, 'v1/devices/me/attributes/request/8'));
});

test('line ends are ordinary characters in allows and denies', () => {
  const set = compileRules([rule('deny publish a/#'), rule('allow publish #')]);
  const { pub } = tbmqRules(subject(), set, OPTIONS);
  assert.ok(!tbmqAllows(pub, 'a/x\ny'));
  assert.ok(tbmqAllows(pub, 'b/x\ny'));
});

test('a deny below $ does not affect filters that cannot match there', () => {
  const set = compileRules([
    rule('deny subscribe $SYS/#'),
    rule('allow subscribe #'),
    rule('allow subscribe $SYS/a'),
  ]);
  const { sub } = tbmqRules(subject(), set, OPTIONS);
  for (const filter of ['#', '+/#', '+/a']) assert.ok(tbmqAllows(sub, filter), filter);
  for (const filter of ['$SYS/#', '$SYS/a', '$SYS']) assert.ok(!tbmqAllows(sub, filter), filter);
});

test('a deny with an unusable value closes everything after it', () => {
  const set = compileRules([
    rule('allow all a'),
    rule('deny all <username>/x'),
    rule('allow all $b/#'),
    rule('allow all c'),
  ]);
  const { pub, sub } = tbmqRules(subject({ username: '+' }), set, OPTIONS);
  for (const list of [pub, sub]) {
    assert.ok(tbmqAllows(list, 'a'));
    for (const topic of ['$b/x', 'c', 'v1/devices/me/telemetry', 'v1/devices/me/rpc/request/1']) {
      assert.ok(!tbmqAllows(list, topic), topic);
    }
  }
});
