import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { serviceOf } from '../support/device-service.ts';
import { OpenedDevices } from '../support/prisma.ts';
import { startTestServer } from '../support/server.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const rules = (filter: string): string =>
  `rules:\n  - permission: allow\n    action: all\n    filter: ${filter}\n`;

test('a rules file decides topics, is read again when it changes, and never by halves', async (context) => {
  const file = join(temporaryFolder(), 'rules.yaml');
  writeFileSync(file, rules(`plant/\${device.name}/#`));
  const server = await startTestServer({ THINGPASS_RULES_FILE: file });
  context.after(() => server.close());
  const devices = await OpenedDevices.open(server.config.database);
  const request = { kind: 'access_token', token: 'pump-token' } as const;
  await serviceOf(devices).create({ name: 'pump', profileName: 'default', gateway: false, request });
  await devices.close();

  const post = async (path: string, body: object) => {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(server.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
    return (await response.json()) as { result: string; reason?: string; acl?: { topics: string[] }[] };
  };
  const may = async (topic: string) => {
    const question = { username: 'pump-token', clientId: 'c', action: 'subscribe', topic };
    return (await post('/v1/authorize', question)).result === 'allow';
  };
  const until = async (condition: () => boolean | Promise<boolean>) => {
    for (let tries = 0; tries < 100 && !(await condition()); tries++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.ok(await condition());
  };

  assert.equal(await may('plant/pump/+'), true);
  assert.equal(await may('plant/valve/+'), false);
  const { acl } = await post('/emqx/authentication', { username: 'pump-token', clientid: 'c' });
  assert.ok(
    acl?.some((rule) => rule.topics.includes('plant/pump/#')),
    'EMQX is told the same at once',
  );

  writeFileSync(file, rules('plant/#'));
  await until(() => may('plant/valve/+'));

  writeFileSync(file, `${rules('other/#')}  - permission: perhaps\n    action: all\n    filter: x\n`);
  await until(() => server.logged.some((line) => /stay in force/.test(String(line.msg))));
  const line = server.logged.find((one) => /stay in force/.test(String(one.msg)));
  assert.match(JSON.stringify(line), /rules\.yaml:\d+: /);
  assert.equal(await may('plant/valve/+'), true, 'the rules before it stay in force');
});

test('a rules file that cannot be used stops the start, naming file, line and reason', async () => {
  const file = join(temporaryFolder(), 'bad.yaml');
  writeFileSync(file, rules('a/#/b'));
  await assert.rejects(startTestServer({ THINGPASS_RULES_FILE: file }), /bad\.yaml:2: /);
  await assert.rejects(
    startTestServer({ THINGPASS_RULES_FILE: `${file}.gone` }),
    /cannot be read \(ENOENT\)/,
  );
});
