import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import {
  findLeaks,
  KEPT_LOGS,
  keepLog,
  keepSecretMembers,
  keepSecretOptions,
  keepSecrets,
} from './kept-logs.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** What is found in a log that is kept in a folder of its own. */
function leaksOf(log: string, keep: () => void) {
  const before = process.env[KEPT_LOGS];
  const folder = join(temporaryFolder(), 'logs');
  mkdirSync(folder);
  process.env[KEPT_LOGS] = folder;
  try {
    keep();
    const write = keepLog();
    for (const letter of log) write(letter);
  } finally {
    if (before === undefined) delete process.env[KEPT_LOGS];
    else process.env[KEPT_LOGS] = before;
  }
  return findLeaks(folder);
}

test('a secret in a log is found, however it is written, and not shown again', () => {
  const secret = 'pass/wörd & more';
  const keep = () => keepSecrets(secret, 'never-logged', 'short');
  for (const form of [
    secret,
    encodeURIComponent(secret),
    Buffer.from(secret).toString('base64'),
    Buffer.from(secret).toString('base64').replace(/=+$/, ''),
  ]) {
    const { found, ...counts } = leaksOf(`{"a":1}\n{"msg":"${form}!"}\n`, keep);
    assert.deepEqual(counts, { logs: 1, secrets: 2 });
    assert.equal(found.length, 1, form);
    const running = relative(process.cwd(), process.argv[1] ?? '');
    assert.ok(found[0]?.startsWith(`${running}: `), found[0]);
    assert.match(found[0] ?? '', /: \{"msg":"<secret>=*!"\}$/);
  }
  assert.deepEqual(leaksOf('{"msg":"short"}\n', keep).found, []);
});

test('secrets are known by what members and options are called', () => {
  const keep = () => {
    keepSecretMembers({ device: { name: 'a-name-of-a-device' }, list: [{ password: 'in-a-member' }] });
    keepSecretOptions(['device', 'create', 'a-name', '--token', 'in-an-option']);
  };
  assert.equal(leaksOf('in-a-member', keep).found.length, 1);
  assert.equal(leaksOf('in-an-option', keep).found.length, 1);
  assert.deepEqual(leaksOf('a-name-of-a-device', keep), { logs: 1, secrets: 2, found: [] });
});
