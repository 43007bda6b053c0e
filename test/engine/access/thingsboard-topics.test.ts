import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decideThingsBoardTopic, publishOutcome } from '../../../src/engine/access/thingsboard-topics.ts';
import type { ProfileTopics, Role } from '../../../src/model/device-identity.ts';

function outcomes(role: Role, expected: Readonly<Record<string, string>>, topics: ProfileTopics = {}): void {
  for (const [topic, outcome] of Object.entries(expected)) {
    assert.equal(publishOutcome(role, topics, topic), outcome, topic);
    assert.equal(decideThingsBoardTopic(role, topics, 'publish', topic), outcome === 'accepted', topic);
  }
}

const grants = (role: Role, filter: string, topics: ProfileTopics = {}) =>
  decideThingsBoardTopic(role, topics, 'subscribe', filter);

test('numbers are parsed as in Java', () => {
  const yes = ['0', '-0', '+7', '007', '2147483647', '-2147483648', '٣', '１２', `${'0'.repeat(50)}1`];
  const no = [
    '',
    '+',
    '-',
    '+-1',
    '2147483648',
    '-2147483649',
    '9'.repeat(400),
    '1.0',
    '1e3',
    ' 1',
    '1 ',
    '0x1',
    '½',
    'Ⅷ',
    '𝟙',
  ];
  const isAccepted = (text: string) =>
    publishOutcome('device', {}, `v1/devices/me/rpc/response/${text}`) === 'accepted';
  for (const text of yes) assert.ok(isAccepted(text), text);
  for (const text of no) assert.ok(!isAccepted(text), text);
});

test('chunk requests are found anywhere, before the short forms and after the long ones, firmware first', () => {
  outcomes('device', {
    'v2/fw/request/1/chunk/2': 'accepted',
    'a/v2/sw/request/1/chunk/2/b': 'accepted',
    'v2/a/req/v2/fw/request/1/chunk/2': 'accepted',
    'v2/r/res/x': 'id_invalid',
    'v1/devices/me/rpc/response/v2/fw/request/1/chunk/2': 'id_invalid',
    'v2/sw/request/1/chunk/2147483648': 'closed',
    'v2/sw/request/1/chunk/2147483648/v2/fw/request/1/chunk/2': 'accepted',
    'v2/fw/request/x/chunk/2': 'topic_invalid',
    'v2/fw/request/1/chunk/-2': 'topic_invalid',
    // Java's \d is ASCII.
    'v2/fw/request/1/chunk/٣': 'topic_invalid',
  });
});

test('a custom topic replaces only the long form and is matched as an expression', () => {
  const topics = { telemetry: 'a|b/+', attributes: 'at', attributesSubscribe: 'x*/+' };
  const expected = {
    a: 'accepted',
    'b/c': 'accepted',
    at: 'accepted',
    'v2/t': 'accepted',
    'v2/a': 'accepted',
  };
  outcomes('device', { ...expected, 'v1/devices/me/telemetry': 'topic_invalid' }, topics);
  outcomes('device', { 'v1/devices/me/attributes': 'topic_invalid', 'a|b/c': 'topic_invalid' }, topics);
  assert.ok(grants('device', 'xx/+', topics));
  assert.ok(grants('device', 'v1/devices/me/attributes', topics), 'always');
  assert.ok(!grants('device', 'x*/+', topics), 'its own text is not a match of it');
});

test('an unusable custom topic allows nothing, not even its own text', () => {
  const topics = { telemetry: 'a(b/+', attributesSubscribe: 'a(b/+' };
  outcomes('device', { 'a(b/c': 'topic_invalid', 'v1/devices/me/telemetry': 'topic_invalid' }, topics);
  assert.ok(!grants('device', 'a(b/+', topics));
});

test('the gateway’s prefix comes before everything', () => {
  const topics = { telemetry: '#' };
  outcomes(
    'device',
    { 'v1/gateway/telemetry': 'ignored', 'v1/gatewayx': 'ignored', any: 'accepted' },
    topics,
  );
  outcomes('gateway', { 'v1/gateway/telemetry': 'accepted', 'v1/gatewayx': 'topic_invalid' }, topics);
  outcomes('sparkplug_node', { 'v1/gateway/telemetry': 'ignored' }, topics);
});

test('a Sparkplug node publishes messages of nodes and devices', () => {
  outcomes('sparkplug_node', {
    'spBv1.0/g/NBIRTH/n': 'accepted',
    'spBv1.0/g/NDEATH/n/': 'accepted',
    'spBv1.0/g/DDATA/n/d': 'accepted',
    '$sparkplug/certificates/spBv1.0/g/NBIRTH/n': 'accepted',
    '$sparkplug/certificates/$sparkplug/certificates/spBv1.0/g/NBIRTH/n': 'id_invalid',
    'spBv1.0/STATE/h': 'ignored',
    'spBv1.0/g/NRECORD/n': 'ignored',
    'spBv1.0/g/DRECORD/n/d': 'ignored',
    'spBv1.0/g/NBIRTH/n/d': 'id_invalid',
    'spBv1.0/g/DDATA/n': 'id_invalid',
    'spBv1.0/g/nbirth/n': 'id_invalid',
    'spBv1.0//NBIRTH/n': 'id_invalid',
    'spBv1.0/g/NBIRTH/n//': 'id_invalid',
    'v1/devices/me/telemetry': 'id_invalid',
    'v2/t': 'id_invalid',
  });
  assert.ok(grants('sparkplug_node', 'v1/devices/me/attributes'));
  assert.ok(grants('sparkplug_node', 'own/x', { attributesSubscribe: 'own/+' }));
  assert.ok(!grants('sparkplug_node', 'v1/devices/me/attributes', { attributesSubscribe: 'own/+' }));
  assert.ok(!grants('sparkplug_node', 'v1/devices/me/rpc/request/+'));
  assert.ok(!grants('sparkplug_node', 'spBv1.0/g/NCMD/n'));
});

test('subscriptions are granted by exact text', () => {
  for (const role of ['device', 'gateway'] as const) {
    for (const filter of ['v1/devices/me/rpc/request/+', 'v2/fw/response/+/chunk/+', 'v1/gateway/rpc']) {
      assert.ok(grants(role, filter), filter);
      assert.ok(!grants(role, `$share/g/${filter}`));
      assert.ok(!grants(role, `${filter}/`));
    }
    for (const filter of ['#', 'v1/#', 'v1/devices/me/rpc/request/7', 'v2/fw/response/1/chunk/2', 'v2/t']) {
      assert.ok(!grants(role, filter), filter);
    }
  }
});

test('a provisioning session has its two topics', () => {
  outcomes('provisioning_session', {
    '/provision/request': 'accepted',
    'provision/request': 'topic_invalid',
    '/provision/response': 'topic_invalid',
    'v1/devices/me/telemetry': 'topic_invalid',
  });
  assert.ok(grants('provisioning_session', '/provision/response'));
  assert.ok(!grants('provisioning_session', '/provision/request'));
  assert.ok(!grants('provisioning_session', 'v1/devices/me/attributes'));
});
