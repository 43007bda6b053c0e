import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, beforeEach, describe, it } from 'node:test';
import { readEmqxApi } from '../../../src/fleet/broker-sessions/emqx-api.ts';
import { makeProvisionProfile } from '../../support/provision-profile.ts';
import { startTestServer, type TestServer } from '../../support/server.ts';

const SECRET = 'a-secret-for-emqx';
const KEY = 'app-id:a secret with : in it';
const REQUEST = { provisionDeviceKey: 'key-1', provisionDeviceSecret: 'secret-1' };

const SWITCHED_ON = {
  THINGPASS_SECRET_EMQX: SECRET,
  THINGPASS_PROVISION_BROKERS: 'emqx',
  THINGPASS_MOUNTED_BROKERS: 'emqx',
};

interface Published {
  readonly topic: string;
  readonly payload: string;
  readonly qos: number;
  readonly retain: boolean;
}

interface Answer {
  readonly status: number;
  readonly json: Record<string, unknown>;
}

async function post(server: TestServer, path: string, body: object, secret = SECRET): Promise<Answer> {
  const response = await fetch(server.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-thingpass-secret': secret },
    body: JSON.stringify(body),
  });
  return { status: response.status, json: (await response.json()) as Record<string, unknown> };
}

/** The tree into which `devices/${client_attrs.thingpass_device}/` mounts a provisioning session. */
async function connectToProvision(server: TestServer, clientid: string): Promise<string> {
  const { json } = await post(server, '/emqx/authentication', { clientid, username: 'provision' });
  assert.equal(json.result, 'allow');
  return `devices/${(json.client_attrs as Record<string, string>).thingpass_device}/`;
}

/** What the rule of `deploy/emqx` forwards. */
function forwarded(topic: string, request: unknown, clientid = 'c') {
  const text = typeof request === 'string' ? request : JSON.stringify(request);
  return { clientid, topic, payload: Buffer.from(text).toString('base64') };
}

describe('provisioning over MQTT at an EMQX', () => {
  let server: TestServer;
  let api: Server;
  let published: Published[];
  let status: number[];

  before(async () => {
    api = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      assert.equal(request.url, '/api/v5/publish');
      assert.equal(request.headers.authorization, `Basic ${Buffer.from(KEY).toString('base64')}`);
      published.push(JSON.parse(String(Buffer.concat(chunks))));
      response.writeHead(status.shift() ?? 200).end('{"id":"1"}');
    }).listen(0, '127.0.0.1');
    await once(api, 'listening');
    server = await startTestServer({
      ...SWITCHED_ON,
      THINGPASS_EMQX_API_URL: `http://127.0.0.1:${(api.address() as AddressInfo).port}/api/v5/`,
      THINGPASS_EMQX_API_KEY: KEY,
    });
    await makeProvisionProfile(server.config.database);
  });
  after(async () => {
    await server.close();
    api.close();
  });
  beforeEach(() => {
    published = [];
    status = [];
  });

  it('a session asks, its answer goes into its own tree, and the new device connects', async () => {
    const tree = await connectToProvision(server, 'fresh');
    const asked = forwarded(`${tree}/provision/request`, { ...REQUEST, deviceName: 'pump-1' }, 'fresh');
    assert.deepEqual(await post(server, '/emqx/provision', asked), {
      status: 200,
      json: { result: 'answered' },
    });
    const [message, ...others] = published;
    assert.ok(message && others.length === 0);
    assert.deepEqual([message.topic, message.qos, message.retain], [`${tree}/provision/response`, 1, false]);
    const answer = JSON.parse(message.payload) as Record<string, string>;
    assert.deepEqual([answer.status, answer.credentialsType], ['SUCCESS', 'ACCESS_TOKEN']);
    const connected = await post(server, '/emqx/authentication', {
      clientid: 'pump-1',
      username: answer.credentialsValue,
    });
    assert.equal(connected.json.result, 'allow');
    assert.ok(!JSON.stringify(server.logged).includes(String(answer.credentialsValue)));
  });

  it('every session has a tree of its own, also one that takes a client id over', async () => {
    const trees = await Promise.all(['one', 'two', 'one'].map((id) => connectToProvision(server, id)));
    assert.equal(new Set(trees).size, 3);
    for (const tree of trees) assert.match(tree, /^devices\/provisioning-[0-9a-f]{32}\/$/);
  });

  it('what is refused is answered too, as ThingsBoard does; a chain profile is not', async () => {
    const tree = await connectToProvision(server, 'refused');
    const topic = `${tree}/provision/request`;
    for (const [request, expected] of [
      [{ ...REQUEST, provisionDeviceSecret: 'guess' }, 'NOT_FOUND'],
      [{ ...REQUEST, deviceName: 'first' }, 'FAILURE'],
      [{}, 'FAILURE'],
      ['no JSON', 'FAILURE'],
    ] as const) {
      await post(server, '/emqx/provision', forwarded(topic, request));
      assert.equal(JSON.parse(published.pop()?.payload ?? '{}').status, expected, JSON.stringify(request));
    }
    await makeChainOf(server);
    const unanswered = await post(server, '/emqx/provision', forwarded(topic, REQUEST));
    assert.deepEqual([unanswered.json, published], [{ result: 'unanswered' }, []]);
    await makeProvisionable(server);
  });

  it('nothing is provisioned where the answer would reach others', async () => {
    const tree = await connectToProvision(server, 'elsewhere');
    for (const topic of [
      '/provision/request',
      'devices//provision/request',
      'devices/5c7a1b1e-1f6a-4a53-8d8f-b6f5a2f7c001//provision/request',
      'devices/$' + '{client_attrs.thingpass_device}//provision/request',
      `${tree}provision/request`,
      `${tree}x/provision/request`,
      `${tree}/provision/request/`,
      `x${tree.slice('devices/'.length)}/provision/request`,
    ]) {
      const { status: detail } = await post(
        server,
        '/emqx/provision',
        forwarded(topic, { ...REQUEST, deviceName: 'x' }),
      );
      assert.equal(detail, 400, topic);
    }
    assert.deepEqual(published, []);
    for (const body of [{}, { topic: `${tree}/provision/request` }, { topic: [1], payload: 'e30=' }]) {
      assert.equal((await post(server, '/emqx/provision', body)).status, 400);
    }
    const asked = forwarded(`${tree}/provision/request`, { ...REQUEST, deviceName: 'x' });
    assert.equal((await post(server, '/emqx/provision', asked)).json.result, 'answered', 'the name is free');
  });

  it('EMQX is asked again while it fails, not where it refuses, and never makes a second device', async () => {
    const topic = `${await connectToProvision(server, 'tries')}/provision/request`;
    const ask = async (deviceName: string) =>
      (await post(server, '/emqx/provision', forwarded(topic, { ...REQUEST, deviceName }))).json.result;
    status = [500, 503];
    assert.equal(await ask('again'), 'answered');
    assert.equal(new Set(published.map(({ payload }) => payload)).size, 1);
    assert.equal(published.length, 3);
    published = [];
    status = [401];
    assert.equal(await ask('refused'), 'unanswered');
    assert.equal(published.length, 1);
    status = [202];
    assert.equal(await ask('nobody-listens'), 'answered');
    status = [500, 500, 500];
    assert.equal(await ask('down'), 'unanswered');
    const logged = JSON.stringify(server.logged);
    assert.ok(logged.includes('answered 401') && logged.includes('answered 500'));
    assert.ok(!logged.includes('a secret with'));
  });

  it('the caller must be the broker', async () => {
    const topic = `${await connectToProvision(server, 'guarded')}/provision/request`;
    const asked = forwarded(topic, { ...REQUEST, deviceName: 'guarded' });
    assert.equal((await post(server, '/emqx/provision', asked, 'a-guess-for-a-secret')).status, 403);
    assert.equal((await post(server, '/k/a-guess-for-a-secret/emqx/provision', asked, '')).status, 403);
    assert.deepEqual(published, []);
    const byPath = await fetch(`${server.url}/k/${SECRET}/emqx/provision`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(asked),
    });
    assert.equal(byPath.status, 200);
  });
});

async function sql(server: TestServer, statement: string): Promise<void> {
  const { default: Database } = await import('libsql');
  const { database } = server.config;
  assert.ok(database.kind === 'sqlite');
  const direct = new Database(database.file, { timeout: 1_000 });
  direct.prepare(statement).run();
  direct.close();
}

const makeChainOf = (server: TestServer) =>
  sql(server, "UPDATE device_profile SET provision_type = 'X509_CERTIFICATE_CHAIN' WHERE name = 'pumps'");
const makeProvisionable = (server: TestServer) =>
  sql(server, "UPDATE device_profile SET provision_type = 'ALLOW_CREATE_NEW_DEVICES' WHERE name = 'pumps'");

it('without a management API the message is told to whoever forwards', async (context) => {
  const server = await startTestServer(SWITCHED_ON);
  context.after(() => server.close());
  await makeProvisionProfile(server.config.database);
  const tree = await connectToProvision(server, 'told');
  const { json } = await post(server, '/emqx/provision', forwarded(`${tree}/provision/request`, REQUEST));
  assert.deepEqual([json.topic, json.qos, json.retain], [`${tree}/provision/response`, 1, false]);
  assert.equal(JSON.parse(String(json.payload)).status, 'SUCCESS');
});

it('it is there only where provisioning sessions are enabled for EMQX', async (context) => {
  const server = await startTestServer({ THINGPASS_PROVISION_BROKERS: 'generic,nanomq' });
  context.after(() => server.close());
  assert.equal((await post(server, '/emqx/provision', {})).status, 404);
});

it('EMQX’s management API is configured whole or not at all', () => {
  const problems: string[] = [];
  assert.equal(readEmqxApi('', '', problems), undefined);
  assert.deepEqual(readEmqxApi('https://emqx/api/v5', 'a:b', problems), {
    url: 'https://emqx/api/v5',
    key: 'a:b',
  });
  assert.deepEqual(problems, []);
  for (const [url, key] of [
    ['http://emqx', ''],
    ['', 'a:b'],
    ['emqx:18083', 'a:b'],
    ['ftp://emqx', 'a:b'],
    ['http://user:secret@emqx', 'a:b'],
    ['http://emqx?x', 'a:b'],
    ['http://emqx', 'no-colon'],
  ] as const) {
    const found: string[] = [];
    assert.equal(readEmqxApi(url, key, found), undefined);
    assert.equal(found.length, 1, `${url} ${key}`);
    assert.ok(!found[0]?.includes('secret@') && !found[0]?.includes('no-colon'));
  }
});
