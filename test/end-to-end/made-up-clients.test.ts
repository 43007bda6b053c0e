import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { DIALECT_OF, DIALECTS } from '../../src/brokers/registry.ts';
import { BROKER_NAMES, type BrokerName } from '../../src/model/question.ts';
import { serviceOf } from '../support/device-service.ts';
import { goldenBytes } from '../support/golden.ts';
import { OpenedDevices } from '../support/prisma.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { type Speaker, type SpokenFor, speakersFor, TLS_PORT } from '../support/speakers.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/*
 * A client may send whatever client id and user name it likes. Whoever sends another device's gets none of that device's
 * topics, on any broker: not with a certificate, a token or a password of its own, and not with none at all.
 */

const SECRET = 'a-secret-for-every-broker';
const pem = (name: string) => goldenBytes(`pki/${name}.crt.pem`).toString();

/** The device whose names others send; its credentials fix both. */
const VICTIM = { clientId: 'victim-client', username: 'victim-user', password: 'the-password-of-the-victim' };
const OWN_CERTIFICATE = pem('p256');
const UNKNOWN_CERTIFICATE = pem('rsa2048');

const RULES = `rules:
  - { permission: allow, action: all, filter: 'ids/\${clientId}/#' }
  - { permission: allow, action: all, filter: 'users/\${username}/#' }
  - { permission: allow, action: all, filter: 'names/\${device.name}/#' }
  - { permission: allow, action: all, filter: 'common/\${certificate.cn}/#' }
`;

/** Where the request names the listener; else the broker as a whole, or RabbitMQ's certificate logins. */
const CERTIFICATE_LISTENERS = [
  ...[
    'emqx:ssl:default',
    `emqx4:${TLS_PORT}`,
    `nanomq:${TLS_PORT}`,
    'mosquitto',
    'rabbitmq:certificate_login',
    'tbmq',
    'rmqtt',
  ],
];
const CERTIFICATE_FORMS = [
  ...[
    'emqx:emqx_cert_pem',
    'vernemq:vernemq_client_cert',
    'generic:generic_certificate',
    'forward_auth:nginx',
  ],
  ...['emqx4:emqx4_name', 'nanomq:nanomq_name', 'mosquitto:mosquitto_name', 'rabbitmq:rabbitmq_name'],
  ...['tbmq:tbmq_name', 'rmqtt:rmqtt_subject'],
];
const NAMED = ['emqx4', 'nanomq', 'mosquitto', 'rabbitmq', 'tbmq', 'rmqtt'];
const UNCHECKED = ['emqx:emqx_cert_pem'];

/** The brokers that bring no certificates at all. */
const WITHOUT_CERTIFICATES = BROKER_NAMES.filter(
  (broker) => DIALECT_OF[broker].certificateForms === undefined,
);

// Of the others, whatever needs no listener or form of its own above is set up by what its dialect says.
for (const broker of BROKER_NAMES) {
  const { body = [], names } = DIALECT_OF[broker].certificateForms ?? {};
  const [form] = body;
  if (form === undefined || CERTIFICATE_FORMS.some((one) => one.startsWith(`${broker}:`))) continue;
  CERTIFICATE_FORMS.push(`${broker}:${form}`);
  UNCHECKED.push(`${broker}:${form}`);
  if (names !== undefined) {
    CERTIFICATE_LISTENERS.push(broker);
    NAMED.push(broker);
  }
}

let plain: TestServer;
let believing: TestServer;
const ids: Record<string, string> = {};

before(async () => {
  const rules = join(temporaryFolder(), 'rules.yaml');
  writeFileSync(rules, RULES);
  const DATABASE_URL = `file:${join(temporaryFolder(), 'devices.db')}`;
  plain = await startTestServer({ DATABASE_URL, THINGPASS_RULES_FILE: rules });
  believing = await startTestServer({
    DATABASE_URL,
    THINGPASS_RULES_FILE: rules,
    THINGPASS_SECRET: SECRET,
    THINGPASS_CERTIFICATE_FORMS: CERTIFICATE_FORMS.join(','),
    THINGPASS_CERTIFICATE_ONLY_LISTENERS: CERTIFICATE_LISTENERS.join(','),
    THINGPASS_CERTIFICATE_NAMES: NAMED.map((broker) => `${broker}:credential`).join(','),
    THINGPASS_UNCHECKED_CERTIFICATES: UNCHECKED.join(','),
    THINGPASS_PROXIES: '127.0.0.1',
  });
  const repository = await OpenedDevices.open(plain.config.database);
  const devices = serviceOf(repository);
  const { username: userName, ...victim } = VICTIM;
  for (const [name, request] of [
    ['victim', { kind: 'mqtt_basic', userName, ...victim }],
    ['by-token', { kind: 'access_token', token: 'token-of-another' }],
    ['by-user', { kind: 'mqtt_basic', userName: 'another-user', password: 'p' }],
    ['by-certificate', { kind: 'x509', certificate: OWN_CERTIFICATE }],
  ] as const) {
    ids[name] = (await devices.create({ name, profileName: 'default', gateway: false, request })).device.id;
  }
  await repository.close();
});
after(async () => {
  await plain.close();
  await believing.close();
});

const topicsOf = (name: string) => [`devices/${ids[name]}/x`, `names/${name}/x`];
const victimsTopics = () => [
  ...[`ids/${VICTIM.clientId}/x`, `users/${VICTIM.username}/x`],
  ...topicsOf('victim'),
];

async function assertAll(speaker: Speaker, topics: readonly string[], allowed: boolean): Promise<void> {
  for (const topic of topics) {
    for (const action of ['publish', 'subscribe'] as const)
      assert.equal(await speaker.topic?.(action, topic), allowed, `${action} ${topic}`);
  }
}

async function assertNothingOfTheVictims(speaker: Speaker): Promise<void> {
  if (speaker.topic === undefined) return;
  await assertAll(speaker, victimsTopics(), false);
  const wider = ['#', 'ids/#', 'users/+/x', `devices/${ids.victim}/#`, '+/victim/x', 'names/#'];
  for (const filter of wider) assert.equal(await speaker.topic('subscribe', filter), false, filter);
}

for (const { broker } of DIALECTS) {
  describe(broker, () => {
    const at = (server: TestServer, client: SpokenFor) =>
      speakersFor(server.url, client, server === believing ? SECRET : '')[broker];

    test('the device itself has its topics', async () => {
      const speaker = at(plain, VICTIM);
      // Forward authentication knows no client ids, so nobody who must have one is let in.
      assert.equal(await speaker.connect(), broker !== 'forward_auth');
      if (speaker.topic !== undefined) await assertAll(speaker, victimsTopics(), true);
    });

    for (const [what, name, login] of [
      ['token', 'by-token', { username: 'token-of-another' }],
      ['user name and password', 'by-user', { username: 'another-user', password: 'p' }],
    ] as const) {
      test(`with a ${what} of its own and another’s client id`, async () => {
        const speaker = at(plain, { clientId: VICTIM.clientId, ...login });
        assert.ok(await speaker.connect(), 'as itself');
        if (speaker.topic !== undefined) await assertAll(speaker, topicsOf(name), true);
        const chosen = `ids/${VICTIM.clientId}/x`;
        assert.equal((await speaker.topic?.('publish', chosen)) ?? false, false);
        await assertNothingOfTheVictims(speaker);
      });
    }

    test('with a token that nobody has, a wrong password, or nothing', async () => {
      const { clientId, username } = VICTIM;
      for (const client of [
        ...[
          { clientId, username: 'a-made-up-token' },
          { clientId, username, password: 'wrong' },
        ],
        ...[{ clientId, username }, { clientId }],
      ]) {
        assert.equal(await at(plain, client).connect(), false, JSON.stringify(client));
        assert.equal(await at(believing, client).connect(), false, JSON.stringify(client));
      }
    });

    const noCertificates =
      WITHOUT_CERTIFICATES.includes(broker) && `the dialect of ${broker} reads no certificates`;
    test('with a certificate of its own and another’s names', { skip: noCertificates }, async () => {
      const speaker = at(believing, { ...VICTIM, password: 'any', certificate: OWN_CERTIFICATE });
      assert.ok(await speaker.connect(), 'as itself');
      if (speaker.topic !== undefined)
        await assertAll(speaker, [...topicsOf('by-certificate'), 'common/meter-0003/x'], true);
      await assertNothingOfTheVictims(speaker);
    });

    test('with a certificate that nobody has and another’s names', async () => {
      const speaker = at(believing, { ...VICTIM, certificate: UNKNOWN_CERTIFICATE });
      assert.equal(await speaker.connect(), false);
      await assertNothingOfTheVictims(speaker);
    });

    test('with another’s names alone, where certificates are believed', async () => {
      const { clientId, username } = VICTIM;
      await assertNothingOfTheVictims(at(believing, { clientId, username }));
    });
  });
}

/** Where a session proves that its names came with a password, both kinds live side by side. */
const MIXED: readonly BrokerName[] = ['emqx', 'vernemq', 'rabbitmq'];

for (const broker of MIXED) {
  test(`${broker} serves password and certificate clients together`, async () => {
    const speaker = speakersFor(believing.url, VICTIM, SECRET)[broker];
    assert.ok(await speaker.connect());
    await assertAll(speaker, victimsTopics(), true);
  });
}
