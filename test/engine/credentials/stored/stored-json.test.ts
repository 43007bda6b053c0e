import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isGateway, readProfileTransport } from '../../../../src/engine/credentials/stored/stored-json.ts';

test('a gateway by Jackson’s asBoolean', () => {
  for (const yes of ['true', '1', '-0.5', '"true"', '" true\\n"']) {
    assert.ok(isGateway(`{"gateway":${yes}}`), yes);
  }
  for (const no of [
    'false',
    '0',
    '0.0',
    'null',
    '"false"',
    '"TRUE"',
    '"1"',
    '"\u00a0true"',
    '{}',
    '[true]',
  ]) {
    assert.ok(!isGateway(`{"gateway":${no}}`), no);
  }
  for (const other of [
    null,
    '',
    'null',
    '[]',
    '"gateway"',
    '{"Gateway":true}',
    '{"gateway":true',
    '{"a":{"gateway":true}}',
  ]) {
    assert.ok(!isGateway(other), String(other));
  }
});

test('only an MQTT configuration has topics, and blank ones are none', () => {
  const custom = {
    deviceTelemetryTopic: 't/+',
    deviceAttributesTopic: ' \t',
    deviceAttributesSubscribeTopic: 5,
  };
  assert.deepEqual(readProfileTransport(JSON.stringify({ type: 'MQTT', ...custom, sparkplug: true })), {
    topics: { telemetry: 't/+', attributes: undefined, attributesSubscribe: undefined },
    sparkplug: true,
  });
  for (const text of [
    null,
    'null',
    'junk',
    '{}',
    JSON.stringify({ type: 'DEFAULT', ...custom, sparkplug: true }),
  ]) {
    assert.deepEqual(readProfileTransport(text), { topics: {}, sparkplug: false });
  }
});
