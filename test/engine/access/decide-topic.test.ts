import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decideTopic, type TopicOptions } from '../../../src/engine/access/decide-topic.ts';
import { compileRules } from '../../../src/engine/access/rule-set.ts';
import { DEVICE_ID, entangled, filters, mqttMatches, rule, rules, subject, TOPICS } from './support.ts';

const SHARED: TopicOptions = { perDeviceMountpoint: false };
const APART: TopicOptions = { perDeviceMountpoint: true };
const NONE = compileRules([]);

/** `allowed` or the reason. */
function outcome(
  action: 'publish' | 'subscribe' | 'receive',
  topic: string,
  list: string[] = [],
  options = SHARED,
  who = subject(),
) {
  const decision = decideTopic(
    who,
    { action, topic, qos: 0, retain: false },
    compileRules(list.map((text) => rule(text))),
    options,
  );
  return decision.allowed ? 'allowed' : decision.reason;
}

test('a device may use its own namespace and no other', () => {
  const other = DEVICE_ID.replace('0e', '0f');
  for (const action of ['publish', 'subscribe', 'receive'] as const) {
    assert.equal(outcome(action, `devices/${DEVICE_ID}/a/b`), 'allowed');
    assert.equal(outcome(action, `devices/${DEVICE_ID}`), 'allowed');
    assert.equal(outcome(action, `devices/${other}/a`), 'topic_not_allowed');
    assert.equal(outcome(action, 'elsewhere'), 'topic_not_allowed');
  }
  assert.equal(outcome('subscribe', `devices/${DEVICE_ID}/#`), 'allowed');
  assert.equal(outcome('subscribe', `$share/g/devices/${DEVICE_ID}/+/x`), 'allowed');
  assert.equal(outcome('subscribe', 'devices/+/a'), 'topic_not_allowed');
  assert.equal(outcome('subscribe', 'devices/#'), 'topic_not_allowed');
  assert.equal(outcome('subscribe', '#'), 'topic_not_allowed');
  assert.equal(
    outcome('subscribe', `devices/${DEVICE_ID}/#`, [`deny subscribe devices/+/private`]),
    'topic_denied_by_rule',
  );
});

test('ThingsBoard’s topics: publishing on any broker, subscribing only with a mount point per device', () => {
  const filter = 'v1/devices/me/rpc/request/+';
  assert.equal(outcome('publish', 'v1/devices/me/telemetry'), 'allowed');
  assert.equal(outcome('publish', 'v1/devices/me/attributes/request/7'), 'allowed');
  assert.equal(outcome('publish', 'v1/devices/me/attributes/request/x'), 'topic_not_allowed');
  assert.equal(outcome('subscribe', filter), 'topic_shared_between_devices');
  assert.equal(outcome('subscribe', 'v1/devices/me/attributes'), 'topic_shared_between_devices');
  assert.equal(outcome('subscribe', filter, [], APART), 'allowed');
  assert.equal(outcome('subscribe', 'v1/devices/me/#', [], APART), 'topic_not_allowed');
  assert.equal(outcome('subscribe', `$share/g/${filter}`, [], APART), 'topic_not_allowed');
  assert.equal(outcome('receive', 'v1/devices/me/rpc/request/7'), 'topic_shared_between_devices');
  assert.equal(outcome('receive', 'v1/devices/me/rpc/request/7', [], APART), 'allowed');
  assert.equal(outcome('receive', 'v1/devices/me/telemetry', [], APART), 'topic_not_allowed');
});

test('rules come before ThingsBoard’s table, and a deny of any part of a filter takes precedence', () => {
  const filter = 'v1/devices/me/rpc/request/+';
  assert.equal(outcome('publish', 'v1/devices/me/telemetry', ['deny publish v1/#']), 'topic_denied_by_rule');
  assert.equal(outcome('subscribe', filter, ['allow subscribe v1/#']), 'allowed');
  const narrowed = ['deny subscribe v1/devices/me/rpc/request/7'];
  assert.equal(outcome('subscribe', filter, narrowed, APART), 'topic_denied_by_rule');
  const partly = ['allow subscribe v1/devices/me/rpc/request/8', ...narrowed];
  assert.equal(outcome('subscribe', filter, partly, APART), 'topic_denied_by_rule');
  assert.equal(outcome('subscribe', filter, partly.slice(0, 1), APART), 'allowed');
});

test('a profile’s topic as wide as # does not reach $ topics or other devices’ namespaces', () => {
  const device = {
    ...(subject().device as object),
    topics: { telemetry: '#', attributesSubscribe: '#' },
  } as never;
  const who = subject({ device });
  const other = DEVICE_ID.replace('0e', '0f');
  assert.equal(outcome('publish', 'any/thing', [], SHARED, who), 'allowed');
  assert.equal(outcome('publish', '$SYS/broker', [], SHARED, who), 'topic_not_allowed');
  for (const topic of ['a/v2/fw/request/1/chunk/2', 'a/V2/SW/Request/1'])
    assert.equal(outcome('publish', topic, [], SHARED, who), 'topic_not_allowed', topic);
  assert.equal(outcome('publish', `devices/${other}/x`, [], SHARED, who), 'topic_not_allowed');
  assert.equal(outcome('subscribe', '#', [], SHARED, who), 'topic_shared_between_devices');
  assert.equal(outcome('subscribe', '$SYS/#', [], APART, who), 'topic_not_allowed');
});

test('a request for a firmware chunk is accepted only on its own topic', () => {
  assert.equal(outcome('publish', 'v2/fw/request/1/chunk/2'), 'allowed');
  assert.equal(outcome('publish', 'plant/v2/fw/request/1/chunk/2'), 'topic_not_allowed');
  assert.equal(outcome('publish', '\n/v2/sw/request/1/chunk/2'), 'topic_not_allowed');
});

test('a provisioning session has its two topics; operators’ rules do not apply to it', () => {
  const who = subject({ role: 'provisioning_session', device: undefined });
  const open = ['allow all #'];
  assert.equal(outcome('publish', '/provision/request', [], SHARED, who), 'allowed');
  assert.equal(outcome('publish', '/provision/response', open, SHARED, who), 'topic_not_allowed');
  assert.equal(outcome('publish', 'a', open, SHARED, who), 'topic_not_allowed');
  assert.equal(
    outcome('subscribe', '/provision/response', open, SHARED, who),
    'topic_shared_between_devices',
  );
  assert.equal(outcome('subscribe', '/provision/response', open, APART, who), 'allowed');
  assert.equal(outcome('receive', '/provision/response', open, APART, who), 'allowed');
  assert.equal(outcome('subscribe', '#', open, APART, who), 'topic_not_allowed');
  assert.equal(outcome('receive', 'a', open, APART, who), 'topic_not_allowed');
});

test('invalid topics and filters are refused before any rule', () => {
  const open = ['allow all #', 'allow all $SYS/#'];
  for (const topic of ['', 'a/+', '#', 'a\0', 'x'.repeat(65_536), 'a\ud800']) {
    assert.equal(outcome('publish', topic, open), 'topic_invalid', topic.slice(0, 9));
    assert.equal(outcome('receive', topic, open), 'topic_invalid', topic.slice(0, 9));
  }
  for (const topic of ['', 'a/#/b', 'a+', '$share/g', '$share/+/a', '$queue/$share/g/a', 'a\0']) {
    assert.equal(outcome('subscribe', topic, open), 'topic_invalid', topic);
  }
});

test('conditions on QoS and retain: unreported values allow nothing', () => {
  const set = compileRules([
    rule('deny publish a/#', { retain: true }),
    rule('allow publish a/#', { qos: [0, 1] }),
    rule('deny subscribe b', { qos: [2] }),
    rule('allow subscribe b', { qos: [1, 2] }),
    rule('allow all c', { retain: false }),
  ]);
  const is = (
    action: 'publish' | 'subscribe' | 'receive',
    topic: string,
    qos?: 0 | 1 | 2,
    retain?: boolean,
  ) => decideTopic(subject(), { action, topic, qos, retain }, set, SHARED).allowed;
  assert.ok(is('publish', 'a/x', 1, false));
  assert.ok(!is('publish', 'a/x', 1, true));
  assert.ok(!is('publish', 'a/x', 2, false));
  assert.ok(!is('publish', 'a/x', undefined, false));
  assert.ok(!is('publish', 'a/x', 1, undefined));
  assert.ok(is('subscribe', 'b', 1));
  assert.ok(!is('subscribe', 'b', 2));
  assert.ok(!is('subscribe', 'b', 0));
  assert.ok(!is('subscribe', 'b'));
  // A message at QoS 0 may come of a subscription at QoS 1.
  assert.ok(is('receive', 'b', 0));
  const apart = compileRules([rule('deny subscribe v1/#', { qos: [2] })]);
  const topic = 'v1/devices/me/attributes';
  assert.ok(decideTopic(subject(), { action: 'receive', topic, qos: 0 }, apart, APART).allowed);
  assert.ok(is('subscribe', 'c', 0) && is('publish', 'c', 0, false) && !is('publish', 'c', 0, true));
});

test('a deny with an unusable value still closes what a later rule allows', () => {
  const set = compileRules([rule('deny publish devices/<clientId>/config'), rule('allow publish devices/#')]);
  for (const [clientId, topic, allowed] of [
    ['m1', 'devices/m1/config', false],
    ['m1', 'devices/m2/config', true],
    ['m1/x', 'devices/m1/x/config', false],
    ['+', 'devices/m1/config', false],
    ['', 'devices//config', false],
  ] as const) {
    const decision = decideTopic(subject({ clientId }), { action: 'publish', topic }, set, SHARED);
    assert.equal(decision.allowed, allowed, `${clientId} ${topic}`);
  }
  const first = compileRules([rule('deny all <clientId>/#'), rule('allow all #'), rule('allow all $own/#')]);
  for (const action of ['publish', 'subscribe'] as const) {
    for (const topic of ['a', '$own/a']) {
      assert.ok(decideTopic(subject(), { action, topic }, first, SHARED).allowed);
      assert.ok(!decideTopic(subject({ clientId: '$own' }), { action, topic }, first, SHARED).allowed, topic);
    }
  }
  const subscribe = { action: 'subscribe', topic: '$own/#' } as const;
  assert.ok(!decideTopic(subject({ clientId: '$own' }), subscribe, first, SHARED).allowed);
});

test('the explanation names the rule and, for a filter, a topic that is not allowed', () => {
  const set = compileRules([
    rule('deny subscribe a/secret', { origin: 'rules.yaml:3' }),
    rule('allow subscribe a/#'),
  ]);
  assert.deepEqual(decideTopic(subject(), { action: 'subscribe', topic: '#' }, set, SHARED), {
    allowed: false,
    reason: 'topic_denied_by_rule',
    by: 'deny subscribe a/secret (global, rules.yaml:3)',
    topic: '#',
  });
  const gap = decideTopic(
    subject(),
    { action: 'subscribe', topic: 'a/#' },
    compileRules([rule('allow subscribe a/+')]),
    SHARED,
  );
  assert.deepEqual(gap, { allowed: false, reason: 'topic_not_allowed', by: 'no rule', topic: 'a' });
  assert.deepEqual(
    decideTopic(subject(), { action: 'publish', topic: `devices/${DEVICE_ID}/x` }, NONE, SHARED),
    {
      allowed: true,
      by: `allow all devices/\${device.id}/# (global, built in)`,
    },
  );
});

test('every topic that a granted subscription delivers may be received', () => {
  fc.assert(
    fc.property(rules, filters, fc.constantFrom(0 as const, 1 as const, 2 as const), (list, filter, qos) => {
      const set = compileRules(list);
      if (!decideTopic(subject(), { action: 'subscribe', topic: filter, qos }, set, SHARED).allowed) return;
      for (const topic of TOPICS) {
        if (!mqttMatches(filter, topic)) continue;
        assert.ok(decideTopic(subject(), { action: 'receive', topic }, set, SHARED).allowed, topic);
      }
    }),
    { numRuns: 1500 },
  );
});

test('a filter over the limit is refused, even if ThingsBoard would grant it', () => {
  const set = compileRules([...entangled(4), rule('allow subscribe v1/+/me/rpc/request/7')]);
  const reason = (topic: string, maximumSteps?: number) => {
    const decision = decideTopic(subject(), { action: 'subscribe', topic }, set, { ...APART, maximumSteps });
    return decision.allowed ? 'allowed' : decision.reason;
  };
  assert.equal(reason('+/+/+/+/x/+/+/+', 3), 'topic_filter_too_complex');
  assert.equal(reason('+/+/+/+/x/+/+/+'), 'topic_not_allowed');
  assert.equal(reason('v1/devices/me/rpc/request/+', 3), 'topic_filter_too_complex');
  assert.equal(reason('v1/devices/me/rpc/request/+'), 'allowed');
});
