import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { without } from '../support/machine.ts';
import { CLI, Installation } from '../support/process.ts';
import { Stream } from './support/stream.ts';

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/import/${name}`, import.meta.url));

interface Summary {
  readonly created: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly refused: number;
  readonly lines: readonly { line: number; outcome: string }[];
}

test('a dry run tells every line, an import those to look at; nobody is told a secret', async () => {
  const installation = new Installation();
  const dry = await installation.run(['import', 'csv', fixture('devices.csv'), '--dry-run']);
  assert.equal(dry.code, 1);
  assert.match(dry.stdout, /^line 2: meter-1 would be created$/m);
  assert.match(dry.stdout, /^line 5: refused: no password: /m);
  assert.match(dry.stdout, /^dry run, nothing was written: 5 created, 0 updated, 0 unchanged, 5 refused$/m);
  assert.match(dry.stdout, /^[\d.]+ s, at most \d+ MiB of memory$/m);
  assert.match((await installation.run(['device', 'list'])).stdout, /there are no devices/);

  const done = await installation.run(['import', 'csv', fixture('devices.csv')]);
  assert.match(done.stdout, /^5 created, 0 updated, 0 unchanged, 5 refused$/m);
  assert.doesNotMatch(done.stdout, /meter-1/);
  assert.doesNotMatch(dry.stdout + done.stdout + done.stderr, /A1_TEST_TOKEN|quotes|\$6\$/);
  assert.match((await installation.run(['device', 'list'])).stdout, /meter-1 +thermostat +ACCESS_TOKEN/);

  const file = '{"name":"meter-1","label":"changed"}\n{"name":"meter-9"}\n';
  const { code, stdout } = await installation.run(['import', 'jsonl', '-', '--profile', 'new'], file);
  assert.equal(code, 0);
  assert.match(stdout, /^line 1: meter-1 updated: label$/m);
  assert.match((await installation.run(['device', 'list'])).stdout, /meter-9 +new +ACCESS_TOKEN/);
});

test('users and their topics come from Mosquitto’s files, and a bad ACL file stores nothing', async () => {
  const installation = new Installation();
  const acl = fixture('mosquitto.acl');
  const early = await installation.run(['import', 'mosquitto-acl', acl]);
  assert.equal(early.code, 1);
  assert.match(early.stdout, /^line 5: refused: no device connects with this user name; import the users/m);
  assert.match((await installation.run(['rule', 'list'])).stdout, /there are no rules/);

  await installation.json('import', 'mosquitto-passwords', fixture('mosquitto-passwords.txt'));
  const stored = await installation.json<Summary>('import', 'mosquitto-acl', acl);
  assert.deepEqual([stored.created, stored.refused], [10, 0]);
  const again = await installation.json<Summary>('import', 'mosquitto-acl', acl);
  assert.deepEqual([again.created, again.unchanged], [0, 10]);
  const rules = await installation.json<{ filter: string; permission: string }[]>(
    ...['rule', 'list', '--device', 'meter-1'],
  );
  assert.deepEqual(
    rules.map(({ permission, filter }) => `${permission} ${filter}`),
    [
      'deny meters/1/state/secret',
      'allow meters/1/telemetry',
      'allow meters/1/commands/#',
      'allow meters/1/state',
    ],
  );

  const turned = join(installation.folder, 'acl');
  writeFileSync(
    turned,
    'user meter-1\ntopic deny plant/1/set\ntopic read first\npattern write plant/+/set\n',
  );
  const refused = await installation.run(['import', 'mosquitto-acl', turned]);
  assert.match(
    refused.stdout,
    /^line 2: refused: line 4 applies to everyone, contradicts this rule for a common topic/m,
  );
  assert.match(refused.stdout, /^line 3: left out: not stored, because other lines were refused$/m);
  const forced = await installation.run(['import', 'mosquitto-acl', turned, '--force']);
  assert.match(forced.stdout, /^2 created, .* 1 refused$/m);
});

test('what cannot be imported at all is said', async () => {
  const installation = new Installation();
  const ended = async (...args: string[]) => {
    const { code, stderr } = await installation.run(['import', ...args]);
    return [code, stderr.trim()];
  };
  assert.deepEqual(await ended('csv', 'nowhere.csv'), [1, 'nowhere.csv cannot be read (ENOENT)']);
  assert.deepEqual(await ended('thingsboard', 'mysql://u:topsecret@h/d'), [
    1,
    'the source must be the URL of ThingsBoard’s database: postgresql://…',
  ]);
  const [code, detail] = await ended('thingsboard', 'postgresql://u:topsecret@127.0.0.1:1/tb');
  assert.equal(code, 1);
  assert.match(String(detail), /no connection to 127\.0\.0\.1:1/);
  assert.doesNotMatch(String(detail), /topsecret/);
  assert.deepEqual(await ended('emqx-csv', '-', '--algorithm', 'pbkdf2'), [
    1,
    '--algorithm: pbkdf2 needs iterations',
  ]);
});

test('a server goes on answering while an import writes beside it or in it', async (context) => {
  const installation = new Installation();
  const { secret } = await installation.json<{ secret: string }>('device', 'create', 'asked');
  const { key } = await installation.json<{ key: string }>(
    'api-key',
    'create',
    'importer',
    '--scope',
    'write',
  );
  const server = await installation.serve();
  context.after(() => server.stop());
  const beside = async (what: string, during: () => Promise<string>): Promise<void> => {
    const stream = new Stream(server.url, secret, 4);
    const told = await during();
    const { allowed, other, failed, slowest, p99 } = await stream.stop();
    assert.deepEqual([other, failed], [[], 0], what);
    assert.ok(allowed > 0, what);
    const figures = `99 of 100 within ${p99.toFixed(1)} ms, all within ${slowest.toFixed(1)} ms`;
    context.diagnostic(`${what}: ${allowed} connects, ${figures}; ${told}`);
  };
  const file = (kind: string) => {
    const rows = Array.from({ length: 5_000 }, (_, index) => `${kind}-${index},${kind}_TOKEN_${index}`);
    return `name,accessToken\n${rows.join('\n')}\n`;
  };
  await beside('without an import', async () => {
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    return '';
  });
  await beside('beside the command', async () => {
    const { stdout } = await installation.run(['import', 'csv', '-'], file('beside'));
    assert.match(stdout, /^5000 created/m);
    return stdout.trim();
  });
  await beside('in the server', async () => {
    const response = await fetch(`${server.url}/api/v1/imports?format=csv`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'text/csv' },
      body: file('within'),
    });
    const { created } = (await response.json()) as { created: number };
    assert.equal(created, 5_000);
    return `${created} created`;
  });
});

test('a terminal has a bar that gives way to lines; a log has neither bar nor control characters', {
  skip: without('script'),
}, async () => {
  const installation = new Installation();
  const file = join(installation.folder, 'devices.csv');
  const rows = Array.from({ length: 4_000 }, (_, index) => (index % 500 === 499 ? ',' : `bar-${index},`));
  writeFileSync(file, `name,label\n${rows.join('\n')}\n`);
  const command = `stty columns 50; exec '${process.execPath}' '${CLI}' import csv '${file}'`;
  const { stdout } = await promisify(execFile)('/usr/bin/script', ['-qc', command, '/dev/null'], {
    cwd: installation.folder,
    env: { ...installation.environment, SHELL: '/bin/sh' },
  });
  const shown = stdout.split('\r').map((part) => part.replace('\u001b[K', ''));
  const bars = shown.filter((part) => part.startsWith('['));
  assert.ok(bars.length > 1, stdout);
  for (const bar of bars) {
    assert.match(bar, /^\[#*-*\] \d+ % \d+ records$/);
    assert.ok(bar.length < 50);
  }
  const shares = bars.map((bar) => Number(/(\d+) %/.exec(bar)?.[1]));
  assert.ok(shares[0] !== 100 && shares.at(-1) !== 0, stdout);
  assert.deepEqual(
    shares,
    shares.toSorted((one, other) => one - other),
  );
  // A bar is taken away before anything else is written.
  assert.doesNotMatch(stdout, /records[^\r]*\n/);
  assert.ok(stdout.includes('\r\u001b[Kline 501: refused: no device name\r\n'), stdout);
  assert.match(stdout, /3992 created, 0 updated, 0 unchanged, 8 refused\r\n[\d.]+ s, .* MiB of memory\r\n$/);

  const logged = await installation.run(['import', 'csv', file]);
  for (const control of ['\r', '\u001b']) assert.ok(!(logged.stdout + logged.stderr).includes(control));
  assert.match(logged.stdout, /^0 created, 0 updated, 3992 unchanged, 8 refused$/m);
});
