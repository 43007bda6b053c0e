import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { DIALECTS } from '../../src/brokers/registry.ts';
import { BROKER_NAMES, type BrokerName } from '../../src/question.ts';
import { emqxDecides } from '../access/emqx-model.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/*
 * A provisioning session is opened by anybody, so on every broker it must have its two topics and nothing else, whatever
 * operators allow to devices.
 */

type Action = 'publish' | 'subscribe';

interface Reply {
  readonly status: number;
  readonly body: string;
}

/** How a broker asks, and what it takes for a yes. */
interface Speaker {
  readonly connect: () => Promise<boolean>;
  readonly topic?: (action: Action, topic: string) => Promise<boolean>;
}

let server: TestServer;
before(async () => {
  const rules = join(temporaryFolder(), 'rules.yaml');
  writeFileSync(rules, 'rules:\n  - permission: allow\n    action: all\n    filter: "#"\n');
  server = await startTestServer({
    THINGPASS_PROVISION_BROKERS: BROKER_NAMES.join(','),
    THINGPASS_MOUNTED_BROKERS: 'emqx,vernemq',
    THINGPASS_RULES_FILE: rules,
  });
});
after(() => server.close());

async function post(path: string, fields: object, headers: Record<string, string> = {}): Promise<Reply> {
  const response = await fetch(server.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(fields),
  });
  return { status: response.status, body: await response.text() };
}

async function postForm(path: string, fields: Record<string, string>): Promise<Reply> {
  const response = await fetch(server.url + path, { method: 'POST', body: new URLSearchParams(fields) });
  return { status: response.status, body: await response.text() };
}

const CLIENT = { clientid: 'factory-new', username: 'provision' };
const NUMBERS = { publish: '2', subscribe: '1' } as const;

const byStatus = async (reply: Promise<Reply>) => (await reply).status === 200;
const byResult = async (reply: Promise<Reply>) => JSON.parse((await reply).body).result === 'allow';
const byText = async (reply: Promise<Reply>) => (await reply).body === 'allow';

const SPEAKERS: Readonly<Record<BrokerName, Speaker>> = {
  emqx: {
    connect: () => byResult(post('/emqx/authentication', CLIENT)),
    /** First the list of the connect answer, then, for what it does not know, the authorizer. */
    async topic(action, topic) {
      const { acl, client_attrs: attributes } = JSON.parse((await post('/emqx/authentication', CLIENT)).body);
      const listed = emqxDecides(acl, { action, topic, qos: 0, retain: false });
      const asked = { ...CLIENT, action, topic, qos: '0', client_attrs__thingpass: attributes.thingpass };
      const authorized = await byResult(post('/emqx/authorization', asked));
      if (listed !== 'next') assert.equal(authorized, listed === 'allow', `${action} ${topic}`);
      return authorized;
    },
  },
  emqx4: {
    connect: () => byStatus(postForm('/emqx4/auth', CLIENT)),
    topic: (action, topic) => byStatus(postForm('/emqx4/acl', { ...CLIENT, access: NUMBERS[action], topic })),
  },
  nanomq: {
    connect: () => byStatus(post('/nanomq/auth', CLIENT)),
    topic: (action, topic) => byStatus(post('/nanomq/acl', { ...CLIENT, access: NUMBERS[action], topic })),
  },
  mosquitto: {
    connect: () => byStatus(post('/mosquitto/user', CLIENT)),
    topic: (action, topic) =>
      byStatus(post('/mosquitto/acl', { ...CLIENT, acc: action === 'publish' ? 2 : 4, topic })),
  },
  rabbitmq: {
    connect: () =>
      byText(
        postForm('/rabbitmq/user', {
          username: CLIENT.username,
          password: 'any',
          vhost: '/',
          client_id: CLIENT.clientid,
        }),
      ),
    topic: (action, topic) =>
      byText(
        postForm('/rabbitmq/topic', {
          username: CLIENT.username,
          vhost: '/',
          resource: 'topic',
          name: 'amq.topic',
          permission: action === 'publish' ? 'write' : 'read',
          tags: '',
          routing_key: topic.replaceAll('/', '.').replaceAll('+', '*'),
          'variable_map.client_id': CLIENT.clientid,
          'variable_map.username': CLIENT.username,
          'variable_map.vhost': '/',
        }),
      ),
  },
  vernemq: {
    connect: async () => (await registered()).result === 'ok',
    async topic(action, topic) {
      const { modifiers } = await registered();
      const client = {
        client_id: CLIENT.clientid,
        username: modifiers?.username ?? CLIENT.username,
        mountpoint: modifiers?.mountpoint ?? '',
      };
      const asked =
        action === 'publish'
          ? { ...client, qos: 0, topic, payload: '', retain: false }
          : { ...client, topics: [{ topic, qos: 0 }] };
      const reply = await post('/vernemq', asked, { 'vernemq-hook': `auth_on_${action}` });
      const { result, topics } = JSON.parse(reply.body);
      return result === 'ok' && !topics?.some(({ qos }: { qos: number }) => qos === 128);
    },
  },
  tbmq: {
    connect: async () => (await toldTbmq()).result === 'SUCCESS',
    async topic(action, topic) {
      const { authRules } = await toldTbmq();
      const patterns = action === 'publish' ? authRules.pub : authRules.sub;
      return patterns.some((pattern) => new RegExp(`^(?:${pattern})$`).test(topic));
    },
  },
  rmqtt: {
    connect: () => byResult(post('/rmqtt/auth', CLIENT)),
    topic: (action, topic) => byResult(post('/rmqtt/acl', { ...CLIENT, access: NUMBERS[action], topic })),
  },
  generic: {
    connect: () => byStatus(post('/v1/connect', CLIENT)),
    topic: (action, topic) => byStatus(post('/v1/authorize', { ...CLIENT, action, topic })),
  },
  forward_auth: {
    async connect() {
      const response = await fetch(`${server.url}/forward-auth`, {
        headers: { authorization: `Basic ${Buffer.from('provision:').toString('base64')}` },
      });
      assert.equal(response.headers.get('x-thingpass-role'), 'provisioning_session');
      return response.status === 200;
    },
  },
};

interface Registered {
  readonly result: string;
  readonly modifiers?: { readonly username?: string; readonly mountpoint?: string };
}

async function registered(): Promise<Registered> {
  const fields = { client_id: CLIENT.clientid, username: CLIENT.username, password: null, mountpoint: '' };
  return JSON.parse((await post('/vernemq', fields, { 'vernemq-hook': 'auth_on_register' })).body);
}

async function toldTbmq(): Promise<{ result: string; authRules: { pub: string[]; sub: string[] } }> {
  const fields = { username: CLIENT.username, password: '', clientId: CLIENT.clientid };
  return JSON.parse((await post('/tbmq', fields)).body);
}

const ELSEWHERE = ['v1/devices/me/telemetry', 'v2/t', 'v1/gateway/connect', 'elsewhere', 'provision/request'];
const NO_PUBLISH = [
  ...['/provision/response', '/provision/request/x', '/provision', '$SYS/x', 'devices/x/y'],
  ...ELSEWHERE,
];
const NO_SUBSCRIBE = [
  ...['#', '+/#', '/#', '/+/+', '/provision/#', '/provision/+', '/+/response', '/provision/request'],
  ...['$share/g//provision/response', 'v1/devices/me/rpc/request/+', 'devices/#', '$SYS/#'],
  ...ELSEWHERE,
];

/** Where each session has a tree of its own, so that an answer there is for it alone. */
const ANSWERED: readonly BrokerName[] = ['emqx'];

for (const { broker } of DIALECTS) {
  const { connect, topic } = SPEAKERS[broker];

  test(`${broker} lets a provisioning session in, where it is switched on`, async () => {
    assert.ok(await connect());
  });

  if (topic === undefined) continue;
  test(`${broker} lets a provisioning session use its two topics and nothing else`, async () => {
    assert.ok(await topic('publish', '/provision/request'));
    assert.equal(await topic('subscribe', '/provision/response'), ANSWERED.includes(broker));
    for (const text of NO_PUBLISH) assert.ok(!(await topic('publish', text)), `publish ${text}`);
    for (const text of NO_SUBSCRIBE) assert.ok(!(await topic('subscribe', text)), `subscribe ${text}`);
  });
}
