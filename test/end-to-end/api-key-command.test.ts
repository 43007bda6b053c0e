import assert from 'node:assert/strict';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import Database from 'libsql';
import { Installation } from '../support/process.ts';

interface Key {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly expires?: string;
  readonly key?: string;
}

test('keys are created, listed without the key itself, and revoked', async () => {
  const installation = new Installation();
  const made = await installation.run(['api-key', 'create', 'operations', '--scope', 'write', 'read']);
  const text = /^key: (thingpass_\S+)$/m.exec(made.stdout)?.[1];
  assert.ok(text, made.stderr);
  const line = await installation.json<Key>(
    'api-key',
    'create',
    'line 7',
    '--scope',
    'provision',
    '--days',
    '30',
  );
  assert.deepEqual(line.scopes, ['provision']);
  const days = (Date.parse(line.expires ?? '') - Date.now()) / 86_400_000;
  assert.ok(days > 29.9 && days <= 30, `${days}`);

  const listed = await installation.run(['--json', 'api-key', 'list']);
  const keys = JSON.parse(listed.stdout) as Key[];
  assert.deepEqual(
    keys.map(({ name, scopes }) => [name, scopes]),
    [
      ['line 7', ['provision']],
      ['operations', ['read', 'write']],
    ],
  );
  for (const shown of [text, line.key as string])
    assert.ok(!listed.stdout.includes(shown.split('_')[2] as string));

  assert.equal((await installation.run(['api-key', 'revoke', 'operations'])).code, 0);
  assert.equal((await installation.run(['api-key', 'revoke', 'operations'])).code, 1);
  assert.equal((await installation.run(['api-key', 'create', 'line 7'])).code, 1, 'the name is taken');
  assert.equal((await installation.run(['api-key', 'create', 'x', '--days', '0'])).code, 1);
  assert.equal((await installation.run(['api-key', 'create', 'x', '--scope', 'all'])).code, 2);
});

test('what a command changes is in the trail, under the user who ran it', async () => {
  const installation = new Installation();
  const device = ['device', 'create', 'meter', '--token', 'a-token-of-mine'];
  assert.equal((await installation.run(device)).code, 0);
  await installation.run(['credentials', 'set', 'meter', '--token', 'another-token']);
  await installation.run(['device', 'delete', 'meter']);
  const database = new Database(join(installation.folder, 'thingpass.db'), { readonly: true });
  const events = database.prepare('SELECT * FROM audit_event ORDER BY seq').all() as Record<string, string>[];
  database.close();
  assert.deepEqual(
    events.map(({ action, actor }) => [action, actor]),
    ['device.created', 'credentials.replaced', 'device.deleted'].map((action) => [
      action,
      `cli:${userInfo().username}`,
    ]),
  );
  assert.doesNotMatch(JSON.stringify(events), /token-of-mine|another-token/);
});
