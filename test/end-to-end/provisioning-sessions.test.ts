import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { DIALECTS } from '../../src/brokers/registry.ts';
import { BROKER_NAMES, type BrokerName } from '../../src/model/question.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { speakersFor } from '../support/speakers.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/*
 * A provisioning session is opened by anybody, so on every broker it must have its two topics and nothing else, whatever
 * operators allow to devices.
 */

let server: TestServer;
before(async () => {
  const rules = join(temporaryFolder(), 'rules.yaml');
  writeFileSync(rules, 'rules:\n  - permission: allow\n    action: all\n    filter: "#"\n');
  server = await startTestServer({
    THINGPASS_PROVISION_BROKERS: BROKER_NAMES.join(','),
    THINGPASS_MOUNTED_BROKERS: 'emqx,vernemq',
    THINGPASS_RULES_FILE: rules,
  });
});
after(() => server.close());

const ELSEWHERE = ['v1/devices/me/telemetry', 'v2/t', 'v1/gateway/connect', 'elsewhere', 'provision/request'];
const NO_PUBLISH = [
  ...['/provision/response', '/provision/request/x', '/provision', '$SYS/x', 'devices/x/y'],
  ...ELSEWHERE,
];
const NO_SUBSCRIBE = [
  ...['#', '+/#', '/#', '/+/+', '/provision/#', '/provision/+', '/+/response', '/provision/request'],
  ...['$share/g//provision/response', 'v1/devices/me/rpc/request/+', 'devices/#', '$SYS/#'],
  ...ELSEWHERE,
];

/** Where each session has a tree of its own, so that an answer there is for it alone. */
const ANSWERED: readonly BrokerName[] = ['emqx'];

for (const { broker } of DIALECTS) {
  const speaker = () => speakersFor(server.url, { clientId: 'factory-new', username: 'provision' })[broker];

  test(`${broker} lets a provisioning session in, where it is switched on`, async () => {
    assert.ok(await speaker().connect());
  });

  test(`${broker} lets a provisioning session use its two topics and nothing else`, async () => {
    const { topic } = speaker();
    if (topic === undefined) return;
    assert.ok(await topic('publish', '/provision/request'));
    assert.equal(await topic('subscribe', '/provision/response'), ANSWERED.includes(broker));
    for (const text of NO_PUBLISH) assert.ok(!(await topic('publish', text)), `publish ${text}`);
    for (const text of NO_SUBSCRIBE) assert.ok(!(await topic('subscribe', text)), `subscribe ${text}`);
  });
}
