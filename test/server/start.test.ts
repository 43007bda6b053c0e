import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { migrate } from '../../src/storage/migrations/apply.ts';
import { freshDatabase, withoutPostgresql } from '../support/postgresql.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/* A start that fails closes what it had opened: the process ends by itself, and whoever started it may try again. */

const SCRIPT = fileURLToPath(new URL('support/fail-to-start.ts', import.meta.url));

/** Everything that a server can open. */
const ALL = (folder: string): Record<string, string> => ({
  DATABASE_URL: `file:${join(folder, 'test.db')}`,
  THINGPASS_PORT: '0',
  THINGPASS_THROTTLE: 'address',
  THINGPASS_DECISION_LOG_FILE: join(folder, 'decisions.log'),
  THINGPASS_SECRET: 'a-secret-of-the-brokers',
  THINGPASS_CERTIFICATE_NAMES: 'mosquitto:credential',
  THINGPASS_CERTIFICATE_ONLY_LISTENERS: 'mosquitto',
});

async function leavesNothing(settings: Record<string, string>, expected: RegExp): Promise<void> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', SCRIPT], {
    env: { PATH: process.env.PATH, ...settings },
    // What has to be ended does not end by itself.
    timeout: 60_000,
  });
  const { detail, ...open } = JSON.parse(stdout);
  assert.match(detail, expected);
  assert.deepEqual(open, { handles: [], listeners: 0 });
}

async function takenPort(t: TestContext): Promise<string> {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  t.after(() => taken.close());
  return String((taken.address() as AddressInfo).port);
}

test('where the port is taken', async (t) => {
  const THINGPASS_PORT = await takenPort(t);
  await leavesNothing({ ...ALL(temporaryFolder()), THINGPASS_PORT }, /EADDRINUSE/);
});

test('where the port is taken, on PostgreSQL', { skip: await withoutPostgresql() }, async (t) => {
  const database = await freshDatabase();
  t.after(() => database.drop());
  await migrate(database.location);
  const settings = { ...ALL(temporaryFolder()), DATABASE_URL: database.location.url };
  await leavesNothing({ ...settings, THINGPASS_PORT: await takenPort(t) }, /EADDRINUSE/);
});

test('where the rules cannot be used', async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'rules.json');
  writeFileSync(file, '[');
  await leavesNothing({ ...ALL(folder), THINGPASS_RULES_FILE: file }, /rules/);
});

test('where the authorities of clients cannot be used', async () => {
  const folder = temporaryFolder();
  const file = join(folder, 'authorities.pem');
  writeFileSync(file, 'none');
  await leavesNothing({ ...ALL(folder), THINGPASS_CLIENT_CA_FILE: file }, /THINGPASS_CLIENT_CA_FILE/);
});
