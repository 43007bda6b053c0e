import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually } from '../storage/support/eventually.ts';
import { Installation } from '../support/process.ts';

const SECRET = 'a-secret-of-the-broker';

async function connect(
  url: string,
  path: string,
  headers: Record<string, string> = {},
  body = '{"username":"x"}',
) {
  const response = await fetch(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
  return { status: response.status, text: await response.text(), headers: response.headers };
}

test('the first start makes the database, says what to do next, and later ones do not', async () => {
  const installation = new Installation();
  const first = await installation.serve();
  // What a process prints arrives a little later.
  await eventually(async () => assert.match(first.errors, /curl .*\/v1\/connect/), 10_000);
  assert.match(first.errors, /(npx thingpass|node dist.cli\.js) device create/);
  assert.match(first.errors, /curl http:\/\/127\.0\.0\.1:\d+\/v1\/connect/);
  assert.equal(statSync(join(installation.folder, 'thingpass.db')).mode & 0o777, 0o600);
  assert.equal(await first.stop(), 0);
  const second = await installation.serve();
  assert.equal(second.errors, '');
  assert.equal(await second.stop('SIGINT'), 0);
});

test('health is told, and a stopping server finishes what it began', async () => {
  const installation = new Installation();
  const server = await installation.serve();
  for (const path of ['/livez', '/readyz']) {
    assert.deepEqual(await (await fetch(server.url + path)).json(), { status: 'ok' });
  }
  const answers = Array.from({ length: 20 }, () => connect(server.url, '/v1/connect'));
  await Promise.race(answers);
  const stopped = server.stop();
  const finished = await Promise.allSettled(answers);
  assert.ok(finished.every((one) => one.status === 'rejected' || one.value.status === 403));
  assert.ok(finished.some((one) => one.status === 'fulfilled'));
  assert.equal(await stopped, 0);
});

test('a broker that does not prove itself gets its own refusal, and the log says so without the secret', async () => {
  const server = await new Installation({ THINGPASS_SECRET: SECRET }).serve();
  const refused = await connect(server.url, '/emqx/authentication', {
    'x-thingpass-secret': 'not-the-secret-at-all',
  });
  assert.deepEqual([refused.status, refused.text], [200, '{"result":"deny"}']);
  assert.equal((await connect(server.url, '/nanomq/auth')).status, 403);
  assert.equal((await connect(server.url, `/k/${SECRET}x/nanomq/auth`)).status, 403);
  await eventually(async () => assert.match(server.output, /"reason":"guard_refused"/), 10_000);

  const proven = await connect(server.url, '/v1/connect', { 'x-thingpass-secret': SECRET });
  assert.match(proven.text, /credentials_unknown/);
  const byPath = await connect(server.url, `/k/${SECRET}/v1/connect`);
  assert.match(byPath.text, /credentials_unknown/);
  const missing = await connect(server.url, `/k/${SECRET}/no/such/path`);
  assert.deepEqual([missing.status, missing.text], [404, '{"error":"not found"}']);
  assert.equal(await server.stop(), 0);
  assert.ok(!server.output.includes(SECRET) && !server.output.includes('not-the-secret-at-all'));
});

test('a server that others can reach does not start without a secret', async () => {
  const { code, stderr } = await new Installation({ THINGPASS_HOST: '0.0.0.0' }).run(['serve']);
  assert.equal(code, 2);
  assert.match(stderr, /set THINGPASS_SECRET/);
});

test('what cannot be read is a refusal in the broker’s own words', async () => {
  const server = await new Installation().serve();
  const junk = 'x'.repeat(3 * 1024 * 1024);
  for (const body of ['', '{', '[]', '{"username":', 'null', junk, '{"username":"a","username":"b"}']) {
    const emqx = await connect(server.url, '/emqx/authorization', {}, body);
    assert.deepEqual([emqx.status, emqx.text], [200, '{"result":"deny"}'], body.slice(0, 40));
    assert.equal((await connect(server.url, '/mosquitto/user', {}, body)).status, 400, body.slice(0, 40));
    assert.equal((await connect(server.url, '/nanomq/acl', {}, body)).status, 400, body.slice(0, 40));
    const generic = await connect(server.url, '/v1/connect', {}, body);
    assert.equal(generic.status, 400);
    assert.equal(JSON.parse(generic.text).reason, 'request_unreadable');
  }
  const image = await connect(server.url, '/nanomq/auth', { 'content-type': 'image/png' });
  assert.equal(image.status, 400);
  assert.equal(await server.stop(), 0);
});

test('security headers are for people, not for brokers', async () => {
  const server = await new Installation().serve();
  const management = await fetch(`${server.url}/api/v1/`);
  assert.ok(management.headers.has('content-security-policy'));
  const webhook = await connect(server.url, '/v1/connect');
  assert.ok(!webhook.headers.has('content-security-policy'));
  await server.stop();
});
