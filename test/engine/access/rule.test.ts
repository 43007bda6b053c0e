import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileRule, fillRule } from '../../../src/engine/access/compile.ts';
import { describeRule, readRule } from '../../../src/engine/access/rule.ts';
import type { TopicSubject } from '../../../src/model/topic-subject.ts';
import { DEVICE_ID, rule, subject } from './support.ts';

const GOOD = { permission: 'allow', action: 'publish', filter: 'a/+' };

test('a rule with everything', () => {
  const read = readRule({ ...GOOD, qos: [0, 1], retain: false, profile: 'meters', note: 'why' });
  assert.deepEqual(read, {
    ...GOOD,
    qos: [0, 1],
    retain: false,
    scope: { kind: 'profile', name: 'meters' },
    note: 'why',
  });
  assert.equal(
    typeof read === 'string' ? read : describeRule(read),
    'allow publish a/+ qos 0,1 retain false (profile meters)',
  );
});

const BAD: readonly (readonly [object | string | null, RegExp])[] = [
  ['allow', /is an object/],
  [null, /is an object/],
  [[GOOD], /is an object/],
  [{ ...GOOD, permision: 'allow' }, /"permision" is not a member/],
  [{ ...GOOD, permission: 'ALLOW' }, /permission must be/],
  [{ ...GOOD, action: 'read' }, /action must be/],
  [{ ...GOOD, filter: 7 }, /filter must be a string/],
  [{ ...GOOD, filter: '' }, /not a valid topic filter/],
  [{ ...GOOD, filter: 'a/#/b' }, /not a valid topic filter/],
  [{ ...GOOD, filter: 'a\0' }, /not a valid topic filter/],
  [{ ...GOOD, filter: 'a/+$' + '{clientId}' }, /not a valid topic filter/],
  [{ ...GOOD, filter: 'a/$' + '{clientid}' }, /is not one of the placeholders .*clientId/],
  [{ ...GOOD, filter: 'a/$' + '{clientId' }, /is not one of the placeholders/],
  [{ ...GOOD, filter: 'a/$' + '{toString}' }, /is not one of the placeholders/],
  [{ ...GOOD, filter: '$share/g/a' }, /must not begin with \$share/],
  [{ ...GOOD, filter: '$queue/#' }, /must not begin with \$share/],
  [{ ...GOOD, filter: '/'.repeat(128) }, /more than 128 levels/],
  [{ ...GOOD, qos: 3 }, /qos must be/],
  [{ ...GOOD, qos: [] }, /qos must be/],
  [{ ...GOOD, qos: '1' }, /qos must be/],
  [{ ...GOOD, retain: 'no' }, /retain must be/],
  [{ ...GOOD, action: 'subscribe', retain: true }, /retain is a condition of publishing/],
  [{ ...GOOD, profile: 'a', deviceId: 'b' }, /one profile or one device/],
  [{ ...GOOD, device: '' }, /device must be a string/],
  [{ ...GOOD, note: 1 }, /note must be a string/],
];

for (const [value, expected] of BAD) {
  test(`refused: ${JSON.stringify(value)?.slice(0, 90)}`, () => {
    const read = readRule(value);
    assert.match(typeof read === 'string' ? read : 'was taken', expected);
  });
}

function fill(text: string, who: TopicSubject) {
  const filled = fillRule(compileRule(rule(text), 0), who);
  return filled && { filter: filled.levels.join('/'), everything: filled.everything };
}

test('every placeholder has a value', () => {
  const all =
    'allow publish <clientId>/<username>/<device.id>/<device.name>/<profile.name>/<tenant.id>/<certificate.cn>';
  assert.equal(
    fill(all, subject())?.filter,
    `meter-client/meter-user/${DEVICE_ID}/meter-1/meters/tenant-1/meter-cn`,
  );
  assert.equal(
    fill('allow publish x/a-<clientId>-b<username>', subject())?.filter,
    'x/a-meter-client-bmeter-user',
  );
});

const UNUSABLE = ['', '+', '#', 'a/b', 'a+', '#b', '/', `$${'{clientId}'}`, 'a\0', 'x\ud800', undefined];

for (const username of UNUSABLE) {
  test(`the value ${JSON.stringify(username)} never widens what is allowed`, () => {
    const who = subject({ username });
    assert.equal(fill('allow publish devices/<username>/up', who), undefined);
    assert.equal(fill('allow publish devices/m-<username>/up', who), undefined);
    // A deny closes all that it might have been about.
    assert.deepEqual(fill('deny publish devices/<username>/up', who), {
      filter: 'devices/#',
      everything: false,
    });
    assert.deepEqual(fill('deny publish a/+/x<username>/up', who), { filter: 'a/+/#', everything: false });
    assert.deepEqual(fill('deny publish <username>/up', who), { filter: '#', everything: true });
  });
}

test('a value cannot open a $ tree or turn a rule into a shared subscription', () => {
  for (const clientId of ['$SYS', '$share', '$']) {
    assert.equal(fill('allow subscribe <clientId>/#', subject({ clientId })), undefined);
    assert.equal(fill('allow subscribe x/<clientId>/#', subject({ clientId }))?.filter, `x/${clientId}/#`);
    assert.equal(
      fill('allow subscribe $own-<clientId>/#', subject({ clientId }))?.filter,
      `$own-${clientId}/#`,
    );
  }
});

test('a provisioning session has no device values', () => {
  const who = subject({ role: 'provisioning_session', device: undefined });
  for (const name of ['device.id', 'device.name', 'profile.name', 'tenant.id']) {
    assert.equal(fill(`allow publish a/<${name}>`, who), undefined);
  }
});
