import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, before, test } from 'node:test';
import { VERNEMQ_CLIENT_CERT } from '../../../src/engine/certificates/forms/bodies/vernemq.ts';
import type { CredentialsRequest } from '../../../src/fleet/devices/new-credentials.ts';
import { serviceOf } from '../../support/device-service.ts';
import { goldenBytes } from '../../support/golden.ts';
import { OpenedDevices } from '../../support/prisma.ts';
import { startTestServer, type TestServer } from '../../support/server.ts';
import { HACKNEY_4, vernemqGrants } from '../../support/vernemq.ts';

/*
 * Whole sessions: what VerneMQ asks after a register is what the answer to the register made of the client.
 */

const SECRET = 'a-secret-for-vernemq';
const AUTHORIZATION = `Basic ${Buffer.from(`thingpass:${SECRET}`).toString('base64')}`;
const TOKEN = 'token-of-meter-0001';
const BASIC = { client_id: 'meter-7', username: 'meter-seven', password: 'correct horse' };
const CERTIFICATE = goldenBytes('pki/p256.crt.pem').toString();
const CLIENT_CERT = new X509Certificate(CERTIFICATE).raw.toString('base64');

interface Modifiers {
  readonly username: string;
  readonly client_id?: string;
  readonly mountpoint?: string;
}

type Session = { readonly client_id: string; readonly username: string | null; readonly mountpoint: string };

let plain: TestServer;
let mounting: TestServer;
const repositories: OpenedDevices[] = [];
const ids = new Map<string, string>();
before(async () => {
  const environment = {
    THINGPASS_SECRET_VERNEMQ: SECRET,
    THINGPASS_CERTIFICATE_FORMS: `vernemq:${VERNEMQ_CLIENT_CERT}`,
  };
  plain = await startTestServer(environment);
  mounting = await startTestServer({ ...environment, THINGPASS_MOUNTED_BROKERS: 'vernemq' });
  const { client_id: clientId, username: userName, password } = BASIC;
  for (const server of [plain, mounting]) {
    const repository = await OpenedDevices.open(server.config.database);
    repositories.push(repository);
    const devices = serviceOf(repository);
    for (const [name, request] of [
      ['by-token', { kind: 'access_token', token: TOKEN }],
      ['by-basic', { kind: 'mqtt_basic', clientId, userName, password }],
      ['by-certificate', { kind: 'x509', certificate: CERTIFICATE }],
    ] as const satisfies readonly (readonly [string, CredentialsRequest])[]) {
      const { device } = await devices.create({ name, profileName: 'default', gateway: false, request });
      ids.set(`${server.port} ${name}`, device.id);
    }
  }
});
after(async () => {
  for (const repository of repositories) await repository.close();
  await Promise.all([plain.close(), mounting.close()]);
});

function idOf(server: TestServer, name: string): string {
  return ids.get(`${server.port} ${name}`) as string;
}

async function ask(
  server: TestServer,
  hook: string,
  body: object,
  userAgent = HACKNEY_4['user-agent'],
): Promise<Record<string, unknown>> {
  const response = await fetch(`${server.url}/vernemq`, {
    method: 'POST',
    headers: {
      authorization: AUTHORIZATION,
      'content-type': 'application/json',
      'vernemq-hook': hook,
      'user-agent': userAgent,
    },
    body: JSON.stringify(body),
  });
  assert.equal(response.status, 200);
  return (await response.json()) as Record<string, unknown>;
}

/** What VerneMQ goes on with after a register; the client's own where the answer changes nothing. */
async function register(
  server: TestServer,
  client: {
    readonly client_id: string;
    readonly username?: string;
    readonly password?: string;
    client_cert?: string;
  },
): Promise<Session | undefined> {
  const asked = { username: null, password: null, mountpoint: '', clean_session: true, ...client };
  const { result, modifiers } = await ask(server, 'auth_on_register', asked);
  if (result !== 'ok') return undefined;
  const { client_id, username, mountpoint } = { ...asked, ...(modifiers as Modifiers | undefined) };
  return { client_id, username, mountpoint };
}

async function mayPublish(server: TestServer, session: Session, topic: string): Promise<boolean> {
  const { result } = await ask(server, 'auth_on_publish', { ...session, topic, qos: 1, retain: false });
  return result === 'ok';
}

/** Which filters are granted, by both versions' hooks alike. */
async function granted(server: TestServer, session: Session, ...filters: string[]): Promise<boolean[]> {
  const topics = filters.map((topic) => ({ topic, qos: 1 }));
  const options = { no_local: true, rap: true, retain_handling: 'dont_send' };
  const topicsM5 = topics.map((one) => ({ ...one, ...options }));
  const body = await ask(server, 'auth_on_subscribe', { ...session, topics });
  const bodyM5 = await ask(server, 'auth_on_subscribe_m5', { ...session, topics: topicsM5, properties: {} });
  const read = (hook: string, detail: object) =>
    vernemqGrants(hook, { status: 200, body: JSON.stringify(detail) }, filters);
  const ours = read('auth_on_subscribe', body);
  assert.deepEqual(read('auth_on_subscribe_m5', bodyM5), ours);
  const kept = (bodyM5.modifiers as { topics: { qos: number }[] } | undefined)?.topics ?? [];
  for (const [at, one] of kept.entries())
    if (ours[at]) assert.deepEqual(one, topicsM5[at], 'with its options');
  return ours;
}

async function maySubscribe(server: TestServer, session: Session, ...filters: string[]): Promise<boolean> {
  return (await granted(server, session, ...filters)).every(Boolean);
}

// First: later on there are more refusals a second than are written one by one.
test('a SUBSCRIBE that is refused in part is in the log, with what decided each filter', async () => {
  const session = await register(plain, { client_id: 'any', username: TOKEN });
  assert.ok(session);
  const theirs = `devices/${idOf(plain, 'by-basic')}/#`;
  const own = `devices/${idOf(plain, 'by-token')}/#`;
  await granted(plain, session, own, theirs);
  const line = plain.logged.findLast(({ msg }) => msg === 'some of the filters are refused');
  assert.match(JSON.stringify(line?.steps), /allowed by .*topic_not_allowed/);
  assert.deepEqual(line?.topics, [own, theirs]);
});

for (const [name, client] of [
  ['by-token', { client_id: 'any', username: TOKEN }],
  ['by-basic', BASIC],
  ['by-certificate', { client_id: 'any', client_cert: CLIENT_CERT }],
] as const) {
  test(`${name}: a session has its device’s topics and no other’s`, async () => {
    const session = await register(plain, client);
    assert.ok(session);
    assert.ok(session.username?.startsWith(`${idOf(plain, name)}~`));
    assert.equal(session.mountpoint, '');
    assert.ok(await mayPublish(plain, session, 'v1/devices/me/telemetry'));
    assert.ok(await mayPublish(plain, session, `devices/${idOf(plain, name)}/up`));
    assert.ok(await maySubscribe(plain, session, `devices/${idOf(plain, name)}/#`));
    assert.equal(await maySubscribe(plain, session, 'v1/devices/me/attributes'), false);
    for (const other of ['by-token', 'by-basic', 'by-certificate'].filter((one) => one !== name)) {
      const theirs = `devices/${idOf(plain, other)}/up`;
      assert.equal(await mayPublish(plain, session, theirs), false);
      assert.equal(await maySubscribe(plain, session, theirs), false);
      const own = `devices/${idOf(plain, name)}/#`;
      assert.deepEqual(await granted(plain, session, own, theirs, '#', own), [true, false, false, true]);
      assert.deepEqual(await granted(plain, session, theirs, '#'), [false, false]);
    }
    // The name belongs to the client id.
    assert.equal(
      await mayPublish(plain, { ...session, client_id: 'else' }, 'v1/devices/me/telemetry'),
      false,
    );
  });

  test(`${name}: mounted apart, a session may subscribe to ThingsBoard’s topics at its own mount point`, async () => {
    const session = await register(mounting, client);
    assert.ok(session);
    assert.deepEqual([session.client_id, session.mountpoint], [client.client_id, idOf(mounting, name)]);
    assert.ok(
      await maySubscribe(mounting, session, 'v1/devices/me/attributes', 'v1/devices/me/rpc/request/+'),
    );
    const elsewhere = { ...session, mountpoint: '' };
    assert.equal(await maySubscribe(mounting, elsewhere, 'v1/devices/me/attributes'), false);
  });
}

test('before 2.2 an MQTT 5 client gets all filters of a SUBSCRIBE or none: no answer refuses a single one', async () => {
  const session = await register(plain, { client_id: 'any', username: TOKEN });
  const own = { topic: `devices/${idOf(plain, 'by-token')}/#`, qos: 1 };
  const theirs = { topic: `devices/${idOf(plain, 'by-basic')}/#`, qos: 1 };
  for (const userAgent of ['hackney/1.20.1', 'hackney', 'curl/8', 'x hackney/4.7.2']) {
    const asked = (topics: object[]) =>
      ask(plain, 'auth_on_subscribe_m5', { ...session, topics, properties: {} }, userAgent);
    assert.deepEqual(await asked([own]), { result: 'ok' }, userAgent);
    assert.deepEqual(await asked([own, theirs]), { result: { error: 'topic_not_allowed' } }, userAgent);
  }
});

test('a certificate client that sends another’s client id, user name and password is itself', async () => {
  const session = await register(plain, { ...BASIC, client_cert: CLIENT_CERT });
  assert.ok(session);
  assert.equal(await mayPublish(plain, session, `devices/${idOf(plain, 'by-basic')}/up`), false);
  assert.ok(await mayPublish(plain, session, `devices/${idOf(plain, 'by-certificate')}/up`));
});

test('names alone, as of a session that another service admitted in, never select what has a password', async () => {
  const { client_id, username } = BASIC;
  const session = { client_id, username, mountpoint: '' };
  assert.equal(await mayPublish(plain, session, 'v1/devices/me/telemetry'), false);
});

test('a certificate that is unknown or cannot be read is nobody’s, whatever else is sent', async () => {
  const other = new X509Certificate(goldenBytes('pki/ed25519.crt.pem')).raw.toString('base64');
  for (const client_cert of [other, 'AAAA', 'not base64']) {
    assert.equal(await register(plain, { ...BASIC, client_cert }), undefined);
  }
});

test('a caller without the secret is refused in VerneMQ’s own language', async () => {
  const response = await fetch(`${plain.url}/vernemq`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'vernemq-hook': 'auth_on_register' },
    body: JSON.stringify(BASIC),
  });
  assert.equal(response.status, 200);
  assert.deepEqual(await response.json(), { result: { error: 'guard_refused' } });
});
