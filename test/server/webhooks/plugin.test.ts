import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { DIALECTS } from '../../../src/brokers/registry.ts';
import { isThingPassError } from '../../../src/model/errors.ts';
import { RawConnection } from '../../support/captured-request.ts';
import { ALLOW } from '../../support/decisions.ts';
import { buildWebhooks } from '../../support/server.ts';

const SECRET = 'a-secret-of-all-the-brokers';
const PROVEN = { 'x-thingpass-secret': SECRET };
const allowing = { decide: () => ALLOW };

/** Webhooks that want a proof of their brokers. */
async function guarded() {
  const built = await buildWebhooks(allowing, { THINGPASS_SECRET: SECRET });
  const reasons = () => built.logged.map(({ reason }) => reason).filter((reason) => reason !== undefined);
  return { ...built, reasons };
}

test('every endpoint of every dialect is a route, with the secret in its path and without', async (t) => {
  const { app } = await guarded();
  t.after(() => app.close());
  await app.ready();
  const listed = app.printRoutes({ commonPrefix: false });
  const endpoints = DIALECTS.flatMap((dialect) => dialect.endpoints);
  for (const { path } of endpoints) {
    assert.ok(listed.includes(` ${path} (`), path);
    assert.ok(listed.includes(` /k/:secret${path} (`), path);
    const declared: readonly string[] = endpoints
      .filter((other) => other.path === path)
      .flatMap(({ methods }) => methods);
    for (const method of ['GET', 'POST', 'PUT', 'HEAD', 'DELETE'] as const) {
      assert.equal(app.hasRoute({ method, url: path }), declared.includes(method), `${method} ${path}`);
    }
  }
});

test('`inject` asks a webhook as a socket does', async (t) => {
  const { app } = await guarded();
  t.after(() => app.close());
  const payload = { clientid: 'c', username: 'u' };
  const ask = (url: string, headers = {}) => app.inject({ method: 'POST', url, headers, payload });
  assert.equal((await ask('/emqx/authentication', PROVEN)).body, '{"result":"allow"}');
  assert.equal((await ask(`/k/${SECRET}/emqx/authentication`)).body, '{"result":"allow"}');
  assert.equal((await ask('/emqx/authentication')).body, '{"result":"deny"}');
  const byQuery = { url: '/emqx/authentication?clientid=c&username=u', headers: PROVEN };
  assert.equal((await app.inject(byQuery)).body, '{"result":"allow"}');
});

test('hooks see a webhook’s request from its beginning to its end', async (t) => {
  const { app } = await guarded();
  t.after(() => app.close());
  const seen: string[] = [];
  app.addHook('onRequest', async ({ routeOptions }) => void seen.push(`request ${routeOptions.url}`));
  app.addHook('onResponse', async (_request, { statusCode }) => void seen.push(`response ${statusCode}`));
  await app.listen({ host: '127.0.0.1', port: 0 });
  const connection = await RawConnection.open((app.server.address() as AddressInfo).port);
  t.after(() => connection.close());
  connection.write(Buffer.from(`GET /k/${SECRET}/nanomq/auth?username=u HTTP/1.1\r\nhost: x\r\n\r\n`));
  assert.equal((await connection.reply()).status, 200);
  connection.write(Buffer.from('GET /nanomq/auth?username=u HTTP/1.1\r\nhost: x\r\n\r\n'));
  assert.equal((await connection.reply()).status, 403);
  assert.deepEqual(seen, [
    'request /k/:secret/nanomq/auth',
    'response 200',
    'request /nanomq/auth',
    'response 403',
  ]);
});

test('a hook that fails is logged, and answered in the broker’s own language', async (t) => {
  const { app, logged } = await guarded();
  t.after(() => app.close());
  const errors: string[] = [];
  app.addHook('onRequest', async () => {
    throw new Error('a hook failed');
  });
  app.addHook('onError', async (_request, _reply, { message }) => void errors.push(message));
  const emqx = await app.inject({ method: 'POST', url: '/emqx/authentication', headers: PROVEN });
  assert.deepEqual([emqx.statusCode, emqx.body], [503, '{"error":"unavailable"}']);
  const generic = await app.inject({ method: 'POST', url: '/v1/connect', headers: PROVEN });
  assert.deepEqual([generic.statusCode, generic.json().reason], [503, 'internal_error']);
  assert.deepEqual(errors, ['a hook failed', 'a hook failed']);
  const line = logged.find(({ msg }) => msg === 'a webhook failed');
  assert.deepEqual([line?.broker, line?.endpoint], ['emqx', 'connect']);
});

test('what no route can be found for is refused in the language of the broker that its path names', async (t) => {
  const { app, reasons } = await guarded();
  t.after(() => app.close());
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const ask = async (target: string, method = 'POST') => {
    const connection = await RawConnection.open(port);
    connection.write(Buffer.from(`${method} ${target} HTTP/1.1\r\nhost: x\r\n\r\n`));
    const { status, body } = await connection.reply();
    connection.close();
    return [status, body] as const;
  };
  const tooLong = 'x'.repeat(1_001);
  for (const secret of ['%zz', '%', '%ff', '%c3%28', tooLong]) {
    const refused = await ask(`/k/${secret}/emqx/authentication?username=u`);
    assert.deepEqual(refused, [200, '{"result":"deny"}'], secret);
    assert.equal((await ask(`/k/${secret}/nanomq/auth`))[0], 403, secret);
    assert.equal((await ask(`/k/${secret}/rabbitmq/user`))[1], 'deny', secret);
  }
  assert.deepEqual(reasons(), Array(15).fill('guard_refused'));
  const counted = (await app.inject('/metrics')).body.matchAll(/reason="guard_refused".*\} (\d+)$/gm);
  const sum = [...counted].reduce((before, [, count]) => before + Number(count), 0);
  assert.equal(sum, 15);
  for (const [target, method] of [
    ['/k/%zz/no/such/path', 'POST'],
    ['/%zz', 'POST'],
    ['/emqx/authentication%zz', 'POST'],
    ['/k/%zz/emqx/authentication', 'DELETE'],
  ] as const) {
    const [status, body] = await ask(target, method);
    assert.equal(status, 400, target);
    assert.ok(!body.includes('zz'), 'nothing of the path is repeated');
  }
  assert.deepEqual(await ask(`/k/${SECRET}/no/such/path`), [404, '{"error":"not found"}']);
});

test('encoded paths, absolute targets and fragments find their route', async (t) => {
  const { app } = await guarded();
  t.after(() => app.close());
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const targets = [
    `/k/${SECRET}/%6eanomq/auth?username=u`,
    `/k/${SECRET.replaceAll('-', '%2d')}/nanomq/auth?username=u`,
    `http://thingpass.test/k/${SECRET}/nanomq/auth?username=u`,
    `/k/${SECRET}/nanomq/auth?username=u#here`,
  ];
  for (const target of targets) {
    const connection = await RawConnection.open(port);
    connection.write(Buffer.from(`GET ${target} HTTP/1.1\r\nhost: x\r\n\r\n`));
    assert.equal((await connection.reply()).status, 200, target);
    connection.close();
  }
});

test('a broker that is set up as its dialect cannot be is an error of the configuration', async () => {
  await assert.rejects(
    buildWebhooks(allowing, { THINGPASS_MOUNTED_BROKERS: 'rabbitmq' }),
    (error) => isThingPassError(error, 'config_invalid') && /has one topic tree for all/.test(error.message),
  );
  await assert.rejects(
    buildWebhooks(allowing, {
      THINGPASS_SECRET: SECRET,
      THINGPASS_CERTIFICATE_FORMS: 'nanomq=emqx_pem',
    }),
    (error) => isThingPassError(error, 'config_invalid'),
  );
});
