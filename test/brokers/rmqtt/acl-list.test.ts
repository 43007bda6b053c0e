import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rmqtt } from '../../../src/brokers/rmqtt/dialect.ts';
import { decideTopic } from '../../../src/engine/access/decide-topic.ts';
import { compileRules } from '../../../src/engine/access/rule-set.ts';
import { DEVICE_ID, subject } from '../../engine/access/support.ts';
import { ALLOW } from '../../support/decisions.ts';
import { endpointAt } from '../../support/questions.ts';

/*
 * Why RMQTT is told no rules (`brokers/rmqtt.md` section 4), and is left to ask about each topic: a list for it would be
 * wider than our decision, or refuse what a device needs.
 */

/** RMQTT's matching of a rule against the text of a topic or filter, as it was seen alone. */
function rmqttCovers(rule: string, text: string): boolean {
  if (rule.startsWith('eq ')) return rule.slice(3) === text;
  const [levels, words] = [rule.split('/'), text.split('/')];
  if (levels[0] === '#' && words[0]?.startsWith('$')) return false;
  for (const [at, level] of levels.entries()) {
    const word = words[at];
    if (level === '#') return true;
    if (word === undefined) return false;
    // A `+` that meets a level beginning with `$` ends the comparison.
    if (level === '+' && word.startsWith('$')) return true;
    if (level !== '+' && level !== word) return false;
  }
  return levels.length === words.length;
}

test('the model covers what RMQTT’s own matcher was seen to cover', () => {
  for (const [rule, covered, not] of [
    ['foo/#', ['foo', 'foo/a', 'foo/#', 'foo/+/x'], ['#']],
    ['foo/+', ['foo/a', 'foo/+', 'foo/#', 'foo/$x/anything/else'], ['foo', 'foo/a/b', 'foo/+/#']],
    ['foo/+/x', ['foo/a/x', 'foo/+/x'], ['foo/#']],
    ['+', ['a', '#', '$SYS/brokers/x'], ['a/b']],
    ['+/#', ['a', 'a/b', '$SYS/x'], []],
    ['#', ['a', 'a/b', '#'], ['$SYS/x']],
  ] as const) {
    for (const text of covered) assert.ok(rmqttCovers(rule, text), `${rule} covers ${text}`);
    for (const text of not) assert.ok(!rmqttCovers(rule, text), `${rule} does not cover ${text}`);
  }
});

const NUMBERED = 'v1/devices/me/rpc/response/';
const none = compileRules([]);
const mayPublish = (topic: string) =>
  decideTopic(subject(), { action: 'publish', topic, qos: 0, retain: false }, none, {
    perDeviceMountpoint: false,
  }).allowed;

test('a list can say ThingsBoard’s numbered topics neither exactly nor without being wider', () => {
  assert.ok(mayPublish(`${NUMBERED}17`));
  for (const wider of [`${NUMBERED}abc`, `${NUMBERED}$x/anything/else`]) {
    assert.ok(rmqttCovers(`${NUMBERED}+`, wider) && !mayPublish(wider), wider);
  }
  // Without them, a closed list would refuse every answer to a command.
  const closed = ['eq v1/devices/me/telemetry', `devices/${DEVICE_ID}/#`];
  assert.ok(!closed.some((rule) => rmqttCovers(rule, `${NUMBERED}17`)));
  assert.ok(['#', '+/#'].every((rule) => rmqttCovers(rule, `${NUMBERED}17`)));
});

test('so the answer to a login has an empty list, whatever the client may do, and RMQTT asks', () => {
  const { answer } = endpointAt(rmqtt, '/rmqtt/auth');
  const rights = { subject: subject(), rules: none, perDeviceMountpoint: false };
  for (const decision of [ALLOW, { ...ALLOW, rights }, { ...ALLOW, expiresAt: Date.now() + 60_000 }]) {
    assert.deepEqual(JSON.parse(answer(decision, undefined).body).acl, []);
  }
});
