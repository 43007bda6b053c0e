import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { eventually } from '../storage/support/eventually.ts';
import { freePort } from '../support/postgresql.ts';
import { Installation, type ServerProcess } from '../support/process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { Stream } from './support/stream.ts';
import { isAlive, listens, livingWorkers, workersSeen } from './support/workers.ts';

/* A server of several processes on one port, as a process, with a real database. */

const SOAK = process.env.THINGPASS_SOAK === '1';
/** Half a minute is the longest that a worker which keeps dying is waited with; then it has to start. */
const REPLACED_WITHIN_MS = 60_000;

const installation = new Installation({
  THINGPASS_WORKERS: '2',
  THINGPASS_PROVISION_BROKERS: 'generic',
});
let server: ServerProcess;
let token: string;

before(async () => {
  token = (await installation.json<{ secret: string }>('device', 'create', 'meter-0001')).secret;
  server = await installation.serve();
});
after(() => server.stop());

const JSON_BODY = { 'content-type': 'application/json', connection: 'close' };

function connect(username = token, url = server.url): Promise<Record<string, unknown>> {
  return fetch(`${url}/v1/connect`, {
    method: 'POST',
    headers: JSON_BODY,
    body: JSON.stringify({ username }),
  }).then((response) => response.json() as Promise<Record<string, unknown>>);
}

/** Asks for a path as it stands, which `fetch` would tidy up. */
function statusOf(port: number, path: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const sent = request({ port, path, method: 'POST' }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    sent.on('error', reject).end('{}');
  });
}

test('both workers answer on the one port, and the log names them', async () => {
  assert.deepEqual(await workersSeen(server.url), [1, 2]);
  assert.equal((await connect()).result, 'allow');
  await connect('no-such-token');
  await eventually(async () => assert.match(server.output, /"worker":[12],[^\n]*"credentials_unknown"/));
});

test('what writes is answered by the primary, whichever worker is asked', async () => {
  for (let count = 0; count < 4; count++) {
    const headers = JSON_BODY;
    const body = JSON.stringify({ provisionDeviceKey: 'no-such-key', provisionDeviceSecret: 'x' });
    const reply = await fetch(`${server.url}/api/v1/provision`, { method: 'POST', headers, body });
    assert.equal(reply.status, 200);
    assert.equal(((await reply.json()) as { status: string }).status, 'NOT_FOUND');
  }
  const { key } = await installation.json<{ key: string }>(
    ...['api-key', 'create', 'tests', '--scope', 'read', 'write'],
  );
  for (const name of ['by-one', 'by-the-other']) {
    const made = await fetch(`${server.url}/api/v1/devices`, {
      method: 'POST',
      headers: { ...JSON_BODY, authorization: `Bearer ${key}` },
      body: JSON.stringify({ name }),
    });
    assert.equal(made.status, 201, await made.clone().text());
    const { secret } = (await made.json()) as { secret: { value: string } };
    for (let count = 0; count < 4; count++) assert.equal((await connect(secret.value)).result, 'allow');
  }
  const upload = (body: string) =>
    fetch(`${server.url}/api/v1/imports?format=csv`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'text/csv', connection: 'close' },
      body,
    });
  assert.equal(((await (await upload('name\nuploaded\n')).json()) as { created: number }).created, 1);
  const tooLarge = await upload('x'.repeat(2 * 1024 * 1024 + 1));
  assert.deepEqual(
    [tooLarge.status, ((await tooLarge.json()) as { type: string }).type],
    [413, '/docs/problems#body_too_large'],
  );
  const refused = await fetch(`${server.url}/api/v1/devices?limit=1`, { headers: { connection: 'close' } });
  assert.equal(refused.status, 401);
  assert.equal(refused.headers.get('content-type'), 'application/problem+json; charset=utf-8');
  assert.ok(refused.headers.has('content-security-policy'), 'its headers too');
  const page = await fetch(`${server.url}/docs`);
  assert.deepEqual(
    [page.status, page.headers.get('content-length')],
    [200, String((await page.arrayBuffer()).byteLength)],
  );
  assert.equal((await fetch(`${server.url}/no/such`)).status, 404);
  const broker = await Promise.all(
    ['/api/../v1/connect', '/api/%2e%2e/v1/connect'].map((path) => statusOf(server.port, path)),
  );
  assert.deepEqual(broker, [404, 404], 'the primary answers no broker');
});

const ALLOWED = /^thingpass_decisions_total\{.*result="allow".*\} (\d+)$/m;

async function metric(pattern: RegExp): Promise<number> {
  const response = await fetch(`${server.url}/metrics`, { headers: { connection: 'close' } });
  return Number(pattern.exec(await response.text())?.[1] ?? 0);
}

test('metrics are those of all workers, whichever is asked', async () => {
  const before = await metric(ALLOWED);
  for (let count = 0; count < 5; count++) await connect();
  assert.deepEqual([await metric(ALLOWED), await metric(ALLOWED)], [before + 5, before + 5]);
  assert.equal(await metric(/^thingpass_processes (\d+)$/m), 2);
});

test('what workers counted is not lost with them', async () => {
  const before = await metric(ALLOWED);
  assert.ok(before > 0);
  for (const { pid } of livingWorkers(server)) process.kill(pid, 'SIGKILL');
  await eventually(async () => assert.equal(livingWorkers(server).length, 0), 5_000);
  await eventually(async () => assert.equal(livingWorkers(server).length, 2), REPLACED_WITHIN_MS);
  for (let count = 0; count < 5; count++) await connect();
  assert.equal(await metric(ALLOWED), before + 5);
});

test('a worker that is killed while clients connect costs its requests under way and nothing else', async (t) => {
  const stream = new Stream(server.url, token, 8);
  t.after(() => stream.stop());
  const kills = SOAK ? 20 : 3;
  const missing: number[] = [];
  for (let kill = 0; kill < kills; kill++) {
    await eventually(async () => assert.equal(livingWorkers(server).length, 2), REPLACED_WITHIN_MS);
    await stream.answered(100);
    const [victim] = livingWorkers(server).slice(kill % 2);
    assert.ok(victim);
    const since = performance.now();
    process.kill(victim.pid, 'SIGKILL');
    await eventually(
      async () =>
        assert.equal(
          livingWorkers(server).some(({ pid }) => pid === victim.pid),
          false,
        ),
      5_000,
    );
    await eventually(async () => assert.equal(livingWorkers(server).length, 2), REPLACED_WITHIN_MS);
    missing.push(performance.now() - since);
  }
  const { allowed, other, failed, slowest } = await stream.stop();
  console.log(
    `${kills} workers killed: ${allowed} connects allowed, ${failed} lost with their connection, slowest ${slowest.toFixed(0)} ms; replaced within ${Math.max(...missing).toFixed(0)} ms`,
  );
  assert.deepEqual(other, [], 'nobody is denied for it');
  assert.ok(failed <= kills * 8, 'no more than were under way');
});

test('a worker that is asked to stop answers what it has, and is replaced', async (t) => {
  await eventually(async () => assert.equal(livingWorkers(server).length, 2), REPLACED_WITHIN_MS);
  const stream = new Stream(server.url, token, 4);
  t.after(() => stream.stop());
  await stream.answered(50);
  const [victim] = livingWorkers(server);
  assert.ok(victim);
  process.kill(victim.pid, 'SIGTERM');
  await eventually(
    async () =>
      assert.equal(
        livingWorkers(server).some(({ pid }) => pid === victim.pid),
        false,
      ),
    10_000,
  );
  await eventually(async () => assert.equal(livingWorkers(server).length, 2), REPLACED_WITHIN_MS);
  const { other, failed, late } = await stream.stop();
  assert.deepEqual([other, failed - late], [[], 0]);
});

test('SIGTERM and SIGINT stop all processes once requests under way are answered', async () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const own = await new Installation({ THINGPASS_WORKERS: '2' }).serve();
    const pids = livingWorkers(own).map(({ pid }) => pid);
    assert.equal(pids.length, 2);
    const stream = new Stream(own.url, 'nobody', 4);
    await stream.answered(50);
    // As a terminal does, which tells every process of the group.
    if (signal === 'SIGINT') for (const pid of pids) process.kill(pid, signal);
    assert.equal(await own.stop(signal), 0);
    const { other } = await stream.stop();
    assert.ok(other.length > 0, 'they were answered');
    assert.deepEqual(
      other.filter((answer) => !answer.includes('"credentials_unknown"')),
      [],
    );
    assert.ok(!pids.some(isAlive), 'all are gone');
  }
});

test('workers do not outlive their primary', async () => {
  const own = await new Installation({ THINGPASS_WORKERS: '2' }).serve();
  const pids = livingWorkers(own).map(({ pid }) => pid);
  await own.stop('SIGKILL');
  await eventually(async () => assert.equal(pids.some(isAlive), false), 5_000);
  assert.match(own.output, /the primary is gone/);
  assert.equal(await listens(own.port), false);
});

test('workers that cannot listen stop the start', async () => {
  const port = await freePort();
  const first = await new Installation({ THINGPASS_PORT: String(port) }).serve();
  const second = new Installation({ THINGPASS_PORT: String(port), THINGPASS_WORKERS: '2' });
  const { code, stderr, stdout } = await second.run(['serve']);
  assert.equal(code, 1);
  assert.match(stderr, /worker [12] ended with 1 before it listened/);
  assert.match(stdout, /EADDRINUSE/);
  await first.stop();
});

test('a replacement has the settings of the others, whatever became of their files', async () => {
  const file = join(temporaryFolder(), 'secret');
  writeFileSync(file, 'the-first-secret-of-all');
  const own = await new Installation({ THINGPASS_WORKERS: '2', THINGPASS_SECRET_FILE: file }).serve();
  writeFileSync(file, 'another-secret-altogether');
  for (const { pid } of livingWorkers(own)) process.kill(pid, 'SIGKILL');
  await eventually(async () => assert.equal(livingWorkers(own).length, 0), 2_000);
  await eventually(async () => assert.equal(livingWorkers(own).length, 2), 10_000);
  const headers = { 'content-type': 'application/json', 'x-thingpass-secret': 'the-first-secret-of-all' };
  const reply = await fetch(`${own.url}/v1/connect`, { method: 'POST', headers, body: '{"username":"x"}' });
  assert.equal(((await reply.json()) as { reason: string }).reason, 'credentials_unknown');
  await own.stop();
});

test('THINGPASS_WORKERS is auto or a number', async () => {
  for (const bad of ['0', '1.5']) {
    const { code, stderr } = await new Installation({ THINGPASS_WORKERS: bad }).run(['serve']);
    assert.equal(code, 2, bad);
    assert.match(stderr, /THINGPASS_WORKERS must be auto or a whole number from 1 to 64/);
  }
  const own = await new Installation({ THINGPASS_WORKERS: 'auto' }).serve();
  assert.equal(await own.stop(), 0);
});
