import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ServerProcess } from '../support/process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

test('the npm package installs into an empty folder and serves there with its own database', async (t) => {
  const folder = temporaryFolder();
  // `npm test` has built it, and building again here would pull the files from under other tests.
  await run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], { cwd: ROOT });
  const [archive] = readdirSync(folder);
  writeFileSync(join(folder, 'package.json'), '{"private": true}\n');
  const install = ['install', '--no-audit', '--no-fund', '--prefer-offline', `./${archive}`];
  await run('npm', install, { cwd: folder });

  const env = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', THINGPASS_PORT: '0' };
  const thingpass = join(folder, 'node_modules/.bin/thingpass');
  const server = new ServerProcess(spawn(thingpass, ['serve'], { cwd: folder, env }));
  t.after(() => server.stop());
  await server.listening;

  const made = await run('npx', ['--no-install', 'thingpass', '--json', 'device', 'create', 'meter-1'], {
    cwd: folder,
    env,
  });
  const { secret } = JSON.parse(made.stdout) as { secret: string };
  const answer = await fetch(`${server.url}/v1/connect`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: secret }),
  });
  assert.equal(answer.status, 200);
  assert.equal(((await answer.json()) as { device: { name: string } }).device.name, 'meter-1');
  assert.ok(readdirSync(folder).includes('thingpass.db'));
});
