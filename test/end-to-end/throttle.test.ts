import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually } from '../storage/support/eventually.ts';
import { metricsOf } from '../support/metrics-of.ts';
import { Installation, type ServerProcess } from '../support/process.ts';
import { livingWorkers } from './support/workers.ts';

/* Throttling by a server of two workers, each of which answers a part of the logins. */

const installation = new Installation({
  THINGPASS_WORKERS: '2',
  THINGPASS_THROTTLE: 'address,client_id,credentials_id',
});
let server: ServerProcess;
let token: string;

before(async () => {
  token = (await installation.json<{ secret: string }>('device', 'create', 'meter')).secret;
  server = await installation.serve();
  installation.environment.THINGPASS_PORT = String(server.port);
});
after(() => server.stop());

async function post(path: string, body: object): Promise<Record<string, unknown>> {
  const response = await fetch(server.url + path, {
    method: 'POST',
    // A connection each, so that workers take turns.
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify(body),
  });
  return (await response.json()) as Record<string, unknown>;
}

/** Client ids are logged. */
const clientIdFor = (username: string): string => (username === token ? 'meter' : username);

const connect = async (username: string, peerAddress: string): Promise<unknown> =>
  (await post('/v1/connect', { clientId: clientIdFor(username), username, peerAddress })).reason;

const metric = async (name: string): Promise<number> => (await metricsOf(server.url)).get(name) ?? Number.NaN;

test('the count is one for all workers, and whoever takes the place of one knows it', async () => {
  for (let time = 0; time < 9; time++)
    assert.equal(await connect(`guess-${time}`, '203.0.113.7'), 'credentials_unknown');
  assert.equal(await metric('thingpass_blocked{by="address"}'), 0);
  assert.equal(await connect('guess-10', '203.0.113.7'), 'credentials_unknown');
  await eventually(async () => {
    for (let time = 0; time < 4; time++) assert.equal(await connect(token, '203.0.113.7'), 'throttled');
  });
  assert.equal(await connect(token, '203.0.113.8'), undefined);
  assert.equal(await metric('thingpass_blocked{by="address"}'), 1);
  assert.ok((await metric('thingpass_throttled_total{by="address"}')) >= 4);

  for (const { pid } of livingWorkers(server)) process.kill(pid, 'SIGKILL');
  await eventually(async () => assert.equal(livingWorkers(server).length, 0), 2_000);
  await eventually(async () => assert.equal(livingWorkers(server).length, 2), 20_000);
  for (let time = 0; time < 4; time++) assert.equal(await connect(token, '203.0.113.7'), 'throttled');
});

test('blocks are listed and ended by the command, for those with a key', async () => {
  const without = await installation.run(['blocked', 'list']);
  assert.equal(without.code, 1);
  assert.match(without.stderr, /THINGPASS_API_KEY is not set/);
  const keyOf = async (...scopes: string[]) =>
    (await installation.json<{ key: string }>('api-key', 'create', scopes.join('-'), '--scope', ...scopes))
      .key;
  installation.environment.THINGPASS_API_KEY = await keyOf('read');
  const { stdout } = await installation.run(['blocked', 'list']);
  assert.match(stdout, /^BY +VALUE +FAILURES +UNTIL\naddress +203\.0\.113\.7 +10 +20/);
  const list = await installation.json<{ total: number }>('blocked', 'list', '--by', 'client_id');
  assert.equal(list.total, 0);
  const refused = await installation.run(['blocked', 'clear']);
  assert.deepEqual([refused.code, /may not do this/.test(refused.stderr)], [1, true], refused.stderr);
  installation.environment.THINGPASS_API_KEY = await keyOf('read', 'write');
  assert.equal((await installation.run(['blocked', 'clear', '203.0.113.99'])).stdout, 'blocks ended: 0\n');
  const cleared = await installation.run(['blocked', 'clear', '203.0.113.7', '--url', `${server.url}/`]);
  assert.equal(cleared.stdout, 'blocks ended: 1\n', cleared.stderr);
  await eventually(async () => {
    for (let time = 0; time < 4; time++) assert.equal(await connect(token, '203.0.113.7'), undefined);
  });
  assert.equal((await installation.run(['blocked', 'list'])).stdout, 'nobody is blocked\n');
});

test('a client of EMQX that chooses its address by a header blocks nobody else’s', async () => {
  const login = (peerhost: string, listener: string, username: string) =>
    post('/emqx/authentication', {
      clientid: clientIdFor(username),
      username,
      password: '',
      peerhost,
      listener,
    });
  for (let time = 0; time < 12; time++) await login('198.51.100.9', 'ws:default', `ws-${time}`);
  assert.equal((await login('198.51.100.9', 'tcp:default', token)).result, 'allow');
  assert.equal(await metric('thingpass_blocked{by="address"}'), 0);
  for (let time = 0; time < 12; time++) await login('198.51.100.10', 'tcp:default', `tcp-${time}`);
  await eventually(async () => assert.equal(await metric('thingpass_blocked{by="address"}'), 1));
  assert.equal((await login('198.51.100.10', 'ssl:default', token)).result, 'deny');
});
