import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { readConfig } from '../../../src/config/config.ts';
import { endSessions } from '../../../src/fleet/broker-sessions/end-sessions.ts';
import type { SessionKeys } from '../../../src/fleet/broker-sessions/session-end.ts';
import type { EndSessionsConfig } from '../../../src/fleet/broker-sessions/session-settings.ts';
import { OutgoingConnections } from '../../../src/util/outgoing-call.ts';
import { emqxApi, type FakeBrokerApi, fakeBrokerApi, vernemqApi } from '../../support/session-brokers.ts';

const DEVICE = '5c7a1b1e-1f6a-4a53-8d8f-b6f5a2f7c001';
const OTHER = '5c7a1b1e-1f6a-4a53-8d8f-b6f5a2f7c002';
const connections = new OutgoingConnections();
after(() => connections.destroy());

const namesOf = (names: Partial<SessionKeys>): SessionKeys => ({
  deviceId: DEVICE,
  usernames: [],
  clientIds: [],
  ...names,
});

function end(
  names: Partial<SessionKeys>,
  config: EndSessionsConfig,
  { perDeviceMountpoint = false, timeoutMs = 6_000 } = {},
) {
  return endSessions(namesOf(names), {
    config,
    connections,
    vernemqPerDeviceMountpoint: perDeviceMountpoint,
    timeoutMs,
  });
}

const atEmqx = ({ url }: FakeBrokerApi) => ({ emqx: { url: `${url}/api/v5`, key: 'key:secret' } });
const atVernemq = ({ url }: FakeBrokerApi) => ({ vernemq: { url: `${url}/api/v1`, key: 'the-key:' } });
const did = ({ asked }: FakeBrokerApi) => asked.map(({ method, path }) => `${method} ${path}`);

test('EMQX’s caches are reset before the clients with the token are kicked', async (t) => {
  const clients = new Map([
    ['meter/1 ü', 'token-1'],
    ['meter-2', 'token-1'],
    ['stranger', 'token-2'],
  ]);
  const { answer, caches } = emqxApi(clients);
  const api = await fakeBrokerApi(answer);
  t.after(() => api.close());
  assert.deepEqual(await end({ usernames: ['token-1'] }, atEmqx(api)), [
    { broker: 'emqx', clientId: 'meter/1 ü', result: 'ended' },
    { broker: 'emqx', clientId: 'meter-2', result: 'ended' },
  ]);
  assert.deepEqual([...clients.keys()], ['stranger']);
  assert.equal(caches.resets, 2);
  assert.deepEqual(did(api), [
    'POST /api/v5/authentication/node_cache/reset',
    'POST /api/v5/authorization/node_cache/reset',
    'GET /api/v5/clients?username=token-1&limit=50',
    'DELETE /api/v5/clients/meter%2F1%20%C3%BC',
    'DELETE /api/v5/clients/meter-2',
  ]);
  const basic = `Basic ${Buffer.from('key:secret').toString('base64')}`;
  assert.ok(api.asked.every(({ authorization }) => authorization === basic));
});

test('EMQX before 5.9 has no such caches; a client id with another user name belongs to another device', async (t) => {
  const clients = new Map([
    ['mine', 'me'],
    ['taken', 'somebody-else'],
  ]);
  const api = await fakeBrokerApi(emqxApi(clients, { nodeCaches: false }).answer);
  t.after(() => api.close());
  const clientIds = [
    { clientId: 'mine', username: 'me' },
    { clientId: 'taken', username: 'me' },
    { clientId: 'gone', username: undefined },
  ];
  assert.deepEqual(
    (await end({ clientIds }, atEmqx(api))).map(({ clientId, result }) => [clientId, result]),
    [
      ['mine', 'ended'],
      ['taken', 'not_connected'],
      ['gone', 'not_connected'],
    ],
  );
  assert.deepEqual([...clients.keys()], ['taken']);
});

test('“unknown” and “not_connected” are distinguished', async (t) => {
  const api = await fakeBrokerApi(emqxApi(new Map()).answer);
  t.after(() => api.close());
  assert.deepEqual(await end({}, atEmqx(api)), [{ broker: 'emqx', result: 'unknown' }]);
  assert.deepEqual(await end({ usernames: ['u'] }, atEmqx(api)), [
    { broker: 'emqx', result: 'not_connected' },
  ]);
});

test('a temporary failure is retried, a refusal is not', async (t) => {
  const { answer } = emqxApi(new Map([['c', 'u']]));
  const flaky = await fakeBrokerApi((asked, count) => (count % 2 === 1 ? { status: 503 } : answer(asked)));
  const refusing = await fakeBrokerApi(() => ({ status: 401, body: { code: 'BAD_API_KEY_OR_SECRET' } }));
  t.after(() => Promise.all([flaky.close(), refusing.close()]));
  assert.deepEqual(await end({ usernames: ['u'] }, atEmqx(flaky)), [
    { broker: 'emqx', clientId: 'c', result: 'ended' },
  ]);
  const detail = 'the broker refused the API key (401)';
  assert.deepEqual((await end({ usernames: ['u'] }, atEmqx(refusing))).at(-1), {
    broker: 'emqx',
    result: 'failed',
    detail,
  });
  assert.equal(refusing.asked.length, 2, 'once for the caches, once for the clients');
});

test('brokers that hang or are down cost a limited time and do not delay the others', async (t) => {
  const hanging = await fakeBrokerApi(() => 'hang');
  const sessions = [{ client_id: 'c', mountpoint: '', user: `${DEVICE}~passport` }];
  const good = await fakeBrokerApi(vernemqApi(sessions));
  t.after(() => Promise.all([hanging.close(), good.close()]));
  const started = performance.now();
  const ends = await end(
    { clientIds: [{ clientId: 'c' }], usernames: ['token-that-must-not-show'] },
    {
      ...atEmqx(hanging),
      ...atVernemq(good),
      rabbitmq: { url: 'http://127.0.0.1:1/api', key: 'user:password-that-must-not-show' },
    },
    { timeoutMs: 1_500 },
  );
  assert.ok(performance.now() - started < 10_000);
  assert.deepEqual(
    new Set(ends.map(({ broker, result }) => `${broker} ${result}`)),
    new Set(['emqx failed', 'rabbitmq failed', 'vernemq ended']),
  );
  assert.deepEqual(sessions, []);
  assert.doesNotMatch(JSON.stringify(ends), /must-not-show|127\.0\.0\.1/);
});

test('VerneMQ is queried by client id, and only the device’s sessions end', async (t) => {
  const sessions = [
    { client_id: 'mine', mountpoint: '', user: `${DEVICE}~passport` },
    { client_id: 'taken', mountpoint: '', user: `${OTHER}~passport` },
  ];
  const api = await fakeBrokerApi(vernemqApi(sessions));
  t.after(() => api.close());
  const clientIds = [{ clientId: 'mine' }, { clientId: 'taken' }];
  assert.deepEqual(await end({ clientIds }, atVernemq(api)), [
    { broker: 'vernemq', clientId: 'mine', result: 'ended' },
  ]);
  assert.deepEqual(
    sessions.map((one) => one.client_id),
    ['taken'],
  );
  assert.equal(
    did(api)[0],
    'GET /api/v1/session/show?--mountpoint&--user&--is_online&--client_id=mine&--limit=50',
  );
  assert.equal(did(api).at(-1), 'GET /api/v1/session/disconnect?client-id=mine');
  assert.equal(api.asked[0]?.authorization, `Basic ${Buffer.from('the-key:').toString('base64')}`);
});

test('VerneMQ with a mount point for each device needs no client id', async (t) => {
  const sessions = [
    { client_id: 'unknown to us', mountpoint: DEVICE, user: `${DEVICE}~passport` },
    { client_id: 'unknown to us', mountpoint: OTHER, user: `${OTHER}~passport` },
  ];
  const api = await fakeBrokerApi(vernemqApi(sessions));
  t.after(() => api.close());
  assert.deepEqual(await end({}, atVernemq(api), { perDeviceMountpoint: true }), [
    { broker: 'vernemq', clientId: 'unknown to us', result: 'ended' },
  ]);
  assert.deepEqual(
    sessions.map(({ mountpoint }) => mountpoint),
    [OTHER],
  );
  assert.equal(
    did(api).at(-1),
    `GET /api/v1/session/disconnect?client-id=unknown%20to%20us&--mountpoint=${DEVICE}`,
  );
});

test('a client id that would change VerneMQ’s command is never sent', async (t) => {
  const api = await fakeBrokerApi(vernemqApi([]));
  t.after(() => api.close());
  const clientIds = ['" OR client_id != "', 'a\\', 'x=y', 'a\nb'].map((clientId) => ({ clientId }));
  const ends = await end({ clientIds }, atVernemq(api));
  assert.deepEqual(
    ends.map(({ result }) => result),
    ['failed', 'failed', 'failed', 'failed'],
  );
  assert.deepEqual(api.asked, []);
});

test('a broker that is to end sessions needs its API, and no problem repeats the key', () => {
  for (const [broker, key] of [
    ['emqx', undefined],
    ['rabbitmq', 'hunter2'],
    ['vernemq', 'hunter2:x'],
  ] as const) {
    const settings = {
      THINGPASS_END_SESSIONS: broker,
      ...(key === undefined ? {} : { [`THINGPASS_${broker.toUpperCase()}_API_KEY`]: key }),
    };
    assert.throws(
      () => readConfig(settings),
      (error: Error) => {
        assert.match(error.message, new RegExp(`THINGPASS_${broker.toUpperCase()}_API_URL`));
        assert.doesNotMatch(error.message, /hunter2/);
        return true;
      },
    );
  }
  const { endSessions: read } = readConfig({
    THINGPASS_END_SESSIONS: 'rabbitmq,vernemq',
    THINGPASS_RABBITMQ_API_URL: 'http://127.0.0.1:15672/api/',
    THINGPASS_RABBITMQ_API_KEY: 'thingpass:secret',
    THINGPASS_VERNEMQ_API_URL: 'http://127.0.0.1:8888/api/v1',
    THINGPASS_VERNEMQ_API_KEY: 'key',
  });
  assert.deepEqual(read, {
    rabbitmq: { url: 'http://127.0.0.1:15672/api', key: 'thingpass:secret' },
    vernemq: { url: 'http://127.0.0.1:8888/api/v1', key: 'key:' },
  });
});
