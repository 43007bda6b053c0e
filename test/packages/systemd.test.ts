import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readConfig } from '../../src/config/config.ts';
import { without } from '../support/machine.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const UNIT = fileURLToPath(new URL('../../deploy/systemd/thingpass.service', import.meta.url));
const skip = without('systemd-analyze');

test('the unit has no mistake that systemd knows, and is hardened', { skip }, () => {
  // The program of the unit is installed by its user, so a copy names one that is there.
  const unit = join(temporaryFolder(), 'thingpass.service');
  const text = readFileSync(UNIT, 'utf8').replace('/usr/bin/node ', `${process.execPath} `);
  writeFileSync(unit, text);
  const verified = spawnSync('systemd-analyze', ['verify', unit], { encoding: 'utf8' });
  assert.deepEqual([verified.stderr, verified.status], ['', 0]);
  const rated = execFileSync('systemd-analyze', ['security', '--offline=true', unit], { encoding: 'utf8' });
  const exposure = Number(/exposure level for \S+ ([\d.]+)/.exec(rated)?.[1]);
  assert.ok(exposure <= 2, `exposure ${exposure} of 10`);
});

test('the environment file of the unit is a configuration', () => {
  const text = readFileSync(new URL('../../deploy/systemd/thingpass.env', import.meta.url), 'utf8');
  const lines = text.split('\n').filter((line) => /^[A-Z_]+=/.test(line));
  const environment = Object.fromEntries(lines.map((line) => line.split(/=(.*)/s).slice(0, 2)));
  const config = readConfig(environment);
  assert.deepEqual([config.host, config.port], ['127.0.0.1', 8080]);
});
