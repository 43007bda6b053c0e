import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { BrokerProduct } from '../../../src/model/question.ts';
import { SIMULATED_BROKERS } from '../../../src/tools/broker-simulator/brokers.ts';
import { playBroker } from '../../../src/tools/broker-simulator/run.ts';
import type {
  Answer,
  Asked,
  SimulatedClient,
  WantedTopic,
} from '../../../src/tools/broker-simulator/simulated-broker.ts';
import { BROKER_CONFIGS } from '../../../src/tools/product-config/brokers.ts';
import { configFiles } from '../../../src/tools/product-config/options.ts';
import { readCapture } from '../../support/captured-request.ts';
import { goldenBytes } from '../../support/golden.ts';
import { DEFAULT_OPTIONS } from '../product-config/deploy-folder.ts';

const PUBLISH: WantedTopic = { action: 'publish', topic: 'v1/devices/me/telemetry' };
const SUBSCRIBE: WantedTopic = { action: 'subscribe', topic: 'v1/devices/me/attributes' };

/** All requests of a session in which every answer is this one. */
function requestsOf(
  broker: BrokerProduct,
  client: SimulatedClient,
  request: WantedTopic,
  body: string,
): Asked[] {
  const session = SIMULATED_BROKERS[broker](client, request, DEFAULT_OPTIONS.secret);
  const answer: Answer = { status: 200, headers: { 'content-type': 'application/json' }, body };
  const asked: Asked[] = [];
  for (;;) {
    const { done, value } = session.next(answer);
    if (done) return asked;
    if ('asked' in value) asked.push(value.asked);
  }
}

function fieldsOf(body: string): Record<string, unknown> {
  return body.startsWith('{') ? JSON.parse(body) : Object.fromEntries(new URLSearchParams(body));
}

const DEVICE: SimulatedClient = { clientId: 'device-0001', username: 'token-0001', password: 'secret' };

/** Sessions of which the real requests are known, as captured or as made by the broker's own code. */
const CAPTURED: readonly {
  readonly broker: BrokerProduct;
  readonly client: SimulatedClient;
  readonly request: WantedTopic;
  readonly answer: string;
  readonly captures: readonly string[];
  /** Fields that depend on the moment. */
  readonly besides?: Readonly<Record<string, unknown>>;
}[] = [
  {
    broker: 'rabbitmq',
    client: DEVICE,
    request: PUBLISH,
    answer: 'allow',
    captures: ['01-user', '02-vhost', '04-resource-exchange-write', '05-topic-write'].map(
      (name) => `rabbitmq/post.pub-qos1.${name}.http`,
    ),
  },
  {
    broker: 'rabbitmq',
    client: DEVICE,
    request: SUBSCRIBE,
    answer: 'allow',
    captures: [
      ...['01-user', '02-vhost', '03-resource-queue-configure', '04-resource-queue-read'],
      ...['05-resource-queue-write', '06-resource-exchange-read', '07-topic-read'],
    ].map((name) => `rabbitmq/post.pubsub-device.${name}.http`),
    besides: { routing_key: 'v1.devices.me.attributes' },
  },
  {
    broker: 'vernemq',
    client: DEVICE,
    request: PUBLISH,
    answer: '{"result":"ok"}',
    captures: ['vernemq/2.2.0.auth_on_register.http', 'vernemq/2.2.0.auth_on_publish.http'],
    besides: { payload: '' },
  },
  {
    broker: 'vernemq',
    client: DEVICE,
    request: { action: 'subscribe', topic: 'v1/devices/me/rpc/request/+' },
    answer: '{"result":"ok"}',
    captures: ['vernemq/2.2.0.auth_on_register.http', 'vernemq/2.2.0.auth_on_subscribe.http'],
  },
  {
    broker: 'tbmq',
    client: { clientId: 'dev-1', username: 'alice', password: 's3cret' },
    request: PUBLISH,
    answer: '{"result":"SUCCESS"}',
    captures: ['tbmq/post-cn-last--no-cert.http'],
  },
  {
    broker: 'mosquitto',
    client: { clientId: 'dev-42', username: 'alice', password: 's3cret' },
    request: { action: 'subscribe', topic: 'v1/devices/me/telemetry' },
    answer: '',
    captures: [
      'mosquitto-go-auth/09-disable-superuser-01-user.http',
      'mosquitto-go-auth/09-disable-superuser-02-acl-acc4.http',
    ],
  },
];

for (const { broker, client, request, answer, captures, besides = {} } of CAPTURED) {
  test(`${broker} asks as it was seen to, to ${request.action}`, () => {
    const asked = requestsOf(broker, client, request, answer);
    assert.equal(asked.length, captures.length);
    for (const [at, { headers, body }] of asked.entries()) {
      const file = `captures/${captures[at]}`;
      const real = fieldsOf(readCapture(file).body.toString('utf8'));
      const changed = Object.keys(besides).filter((name) => name in real);
      for (const name of changed) real[name] = besides[name];
      assert.deepEqual(fieldsOf(body), real, file);
      const head = goldenBytes(file).toString('latin1').toLowerCase();
      for (const name of ['content-type', 'vernemq-hook']) {
        if (headers[name]) assert.ok(head.includes(`${name}: ${headers[name]}\r\n`), `${file} ${name}`);
      }
    }
  });
}

/** Brokers that send what their configuration lists: in which texts the names stand. */
const TEMPLATES = {
  emqx: { lists: /^ +body \{([^}]*(?:\$\{[^}]*\}[^}]*)*)\n +\}/gm, names: /^ *(\w+) = /gm },
  emqx4: { lists: /^auth\.http\.(?:auth|acl)_req\.params = (.*)$/gm, names: /(\w+)=/g },
  nanomq: { lists: /params = \{(.*)\}/g, names: /(\w+) = "/g },
  rmqtt: { lists: /_req\.params = \{(.*)\}/g, names: /(\w+) = "/g },
} as const;

for (const name of Object.keys(TEMPLATES) as (keyof typeof TEMPLATES)[]) {
  const { lists, names } = TEMPLATES[name];
  test(`${name} asks what its generated configuration lists`, () => {
    const text = configFiles(BROKER_CONFIGS[name], {
      ...DEFAULT_OPTIONS,
      identities: new Set(['token', 'basic']),
    })
      .map((file) => file.text)
      .join('\n');
    const listed = [...text.matchAll(lists)].map(([, list = '']) =>
      [...list.matchAll(names)].map(([, one]) => one).sort(),
    );
    assert.equal(listed.length, 2, text);
    // Without a password and a certificate NanoMQ leaves their fields out.
    const left = (fields: readonly (string | undefined)[]) =>
      fields.filter((field) => name !== 'nanomq' || !['common_name', 'subject'].includes(`${field}`));
    const asked = requestsOf(name, DEVICE, PUBLISH, '{"result":"allow"}').filter(
      ({ path }) => !path.endsWith('superuser'),
    );
    assert.deepEqual(
      asked.map(({ body }) => left(Object.keys(fieldsOf(body)).sort())),
      listed.map(left),
    );
    assert.ok(asked.every(({ path }) => text.includes(path)));
  });
}

test('what brokers refuse without asking is said without asking', () => {
  const tokenOnly = { ...DEVICE, password: undefined };
  for (const broker of ['mosquitto', 'rabbitmq'] as const) {
    assert.deepEqual(requestsOf(broker, tokenOnly, PUBLISH, 'allow'), [], broker);
  }
});

/**
 * Which brokers let everybody in if something between them and ThingPass answered so (contracts, "what an answer means"). Of an
 * error none may do so unsaid; a success may well be a yes, so a broker that is not listed is free to take it for one.
 */
const OPENED: readonly (readonly [answer: string, status: number, brokers: readonly string[]])[] = [
  ['502, as proxies do while ThingPass is away', 502, ['rmqtt']],
  ['401', 401, ['rmqtt']],
  ['200 with nothing in it', 200, ['emqx4', 'nanomq', 'mosquitto', 'tbmq', 'rmqtt']],
  ['204', 204, ['emqx', 'mosquitto', 'tbmq', 'rmqtt']],
];

const COMPARED = ['emqx', 'emqx4', 'nanomq', 'mosquitto', 'rabbitmq', 'vernemq', 'tbmq', 'rmqtt'];

for (const [answer, status, brokers] of OPENED) {
  test(`strangers and wrong secrets, answered with ${answer}`, async (t) => {
    const server = createServer((request, response) => {
      request.resume();
      response.writeHead(status).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.after(() => server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    for (const [name, broker] of Object.entries(SIMULATED_BROKERS)) {
      const play = { url, secret: 'the-secret-of-the-broker', client: DEVICE, request: undefined };
      const conclusions = await playBroker(broker, play);
      const problems = conclusions.slice(-2).map(({ problem }) => problem);
      const opened = ['anybody is answered, whatever the secret', 'strangers are let in'];
      if (status < 300 && !COMPARED.includes(name)) continue;
      assert.deepEqual(
        problems,
        brokers.includes(name) ? opened : [undefined, undefined],
        `${name} must ${brokers.includes(name) ? '' : 'not '}let everybody in by ${answer}, or this table must say otherwise`,
      );
    }
  });
}
