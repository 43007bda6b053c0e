import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Installation } from '../support/process.ts';

test('rules are added, listed as they decide, and removed', async () => {
  const installation = new Installation();
  await installation.json('device', 'create', 'meter-0001', '--profile', 'meters');
  const filter = `plant/\${device.name}/#`;
  const added = await installation.json<{ id: string; filter: string }>(
    'rule',
    'add',
    'allow',
    'all',
    filter,
  );
  assert.equal(added.filter, filter);
  const before = ['--qos', '0', '--retain', 'false', '--note', 'why', '--before', added.id];
  await installation.json('rule', 'add', 'deny', 'publish', 'plant/+/set', ...before);
  await installation.json('rule', 'add', 'allow', 'subscribe', 'a/#', '--device', 'meter-0001');
  await installation.json('rule', 'add', 'allow', 'subscribe', 'b/#', '--profile', 'meters');
  const { stdout } = await installation.run(['rule', 'list']);
  const shown = stdout.trimEnd().split('\n').slice(1);
  assert.deepEqual(
    shown.map((line) => line.split(/ {2,}/).slice(0, -1)),
    [
      ['everybody', 'deny', 'publish', 'plant/+/set', 'qos 0 retain false'],
      ['everybody', 'allow', 'all', filter],
      ['profile meters', 'allow', 'subscribe', 'b/#'],
      ['device meter-0001', 'allow', 'subscribe', 'a/#'],
    ],
  );
  assert.equal((await installation.json<unknown[]>('rule', 'list', '--profile', 'meters')).length, 1);
  assert.match(
    (await installation.run(['rule', 'remove', added.id])).stdout,
    /removed rule .* \(allow all plant/,
  );
  assert.equal((await installation.json<unknown[]>('rule', 'list')).length, 3);
  const again = await installation.run(['rule', 'remove', added.id]);
  assert.deepEqual([again.code, again.stderr], [1, 'there is no such rule\n']);
});

test('a rule that cannot be used is refused with its reason', async () => {
  const installation = new Installation();
  const bad = await installation.run(['rule', 'add', 'allow', 'all', 'a/#/b']);
  assert.deepEqual([bad.code, bad.stderr], [1, '"a/#/b" is not a valid topic filter\n']);
  const nobody = await installation.run(['rule', 'add', 'allow', 'all', 'a', '--device', 'nobody']);
  assert.deepEqual([nobody.code, nobody.stderr], [1, 'there is no device nobody\n']);
  assert.equal((await installation.run(['rule', 'add', 'perhaps', 'all', 'a'])).code, 2);
  assert.equal((await installation.run(['rule', 'add', 'allow', 'all', 'a', '--qos', '3'])).code, 2);
  assert.match((await installation.run(['rule', 'list'])).stdout, /there are no rules/);

  const file = join(installation.folder, 'rules.yaml');
  writeFileSync(file, 'rules:\n  - { permission: allow, action: all, filter: a/#/b }\n');
  const withFile = new Installation({ ...installation.environment, THINGPASS_RULES_FILE: file });
  const refused = await withFile.run(['rule', 'add', 'allow', 'all', 'a']);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /rules\.yaml:2: .*not a valid topic filter/);
});
