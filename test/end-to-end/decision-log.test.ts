import assert from 'node:assert/strict';
import { existsSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually } from '../storage/support/eventually.ts';
import { Installation } from '../support/process.ts';

/* The decision log of a server of two workers in one file, written at full speed and rotated meanwhile. */

test('two workers append whole lines to one file, also while it is rotated', async () => {
  const installation = new Installation({
    THINGPASS_WORKERS: '2',
    THINGPASS_DECISION_LOG_FILE: 'decisions.log',
    THINGPASS_DECISION_LOG_REFUSALS_PER_SECOND: '100000',
    THINGPASS_DECISION_LOG_ALLOWS_ONE_IN: '1',
  });
  const { secret } = await installation.json<{ secret: string }>('device', 'create', 'meter');
  const server = await installation.serve();
  const path = join(installation.folder, 'decisions.log');
  const topic = `${'\u001b[2J界'.repeat(3_000)}`;
  const ask = async (count: number): Promise<void> => {
    const isConnect = count % 2 === 0;
    const body = isConnect
      ? { clientId: `c${count}`, username: count % 4 === 0 ? secret : 'nobody' }
      : { clientId: `c${count}`, username: secret, action: 'publish', topic };
    const response = await fetch(`${server.url}/v1/${isConnect ? 'connect' : 'authorize'}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', connection: 'close' },
      body: JSON.stringify(body),
    });
    await response.arrayBuffer();
  };
  try {
    await Promise.all(Array.from({ length: 60 }, (_, count) => ask(count)));
    renameSync(path, `${path}.1`);
    process.kill(server.pid, 'SIGHUP');
    await eventually(async () => {
      assert.ok(existsSync(path));
      // Both have opened it anew once both write to it.
      await Promise.all(Array.from({ length: 4 }, (_, count) => ask(1_000 + count)));
      assert.deepEqual(workersIn(path), [1, 2]);
    }, 20_000);
    await Promise.all(Array.from({ length: 60 }, (_, count) => ask(60 + count)));
  } finally {
    await server.stop();
  }
  const lines = [...linesOf(`${path}.1`), ...linesOf(path)];
  const clients = new Set(lines.map(({ clientId }) => clientId));
  for (let count = 0; count < 120; count++) assert.ok(clients.has(`c${count}`), `c${count}`);
  assert.deepEqual([...new Set(lines.map(({ msg }) => msg))].sort(), [
    ...['allowed', 'no credentials match what the client sent', 'no rule allows this topic'],
  ]);
  const text = readFileSync(path, 'utf8');
  assert.ok(!text.includes(secret));
  assert.ok(!server.output.includes('"clientId"'), 'they stand in their file only');
});

test('a file that cannot be opened stops the start, and is named', async () => {
  const installation = new Installation({ THINGPASS_DECISION_LOG_FILE: 'no/such/folder.log' });
  const { code, stderr } = await installation.run(['serve']);
  assert.equal(code, 2);
  assert.match(stderr, /THINGPASS_DECISION_LOG_FILE: no\/such\/folder\.log cannot be opened \(ENOENT\)/);
});

function linesOf(path: string): readonly { clientId: string; worker: number; msg: string }[] {
  const text = readFileSync(path, 'utf8');
  assert.ok(text.endsWith('\n'));
  return text
    .trimEnd()
    .split('\n')
    .map((line) => {
      assert.ok(Buffer.byteLength(line) < 4_096);
      return JSON.parse(line);
    });
}

function workersIn(path: string): number[] {
  return [...new Set(linesOf(path).map(({ worker }) => worker))].sort();
}
