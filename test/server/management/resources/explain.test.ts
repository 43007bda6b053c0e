import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { hashProvisionally } from '../../../../src/engine/secrets/emqx-password.ts';
import { scramKeysOf } from '../../../../src/engine/secrets/stored-scram.ts';
import { eventually } from '../../../storage/support/eventually.ts';
import { type EachDatabase, onEachDatabase } from '../../../storage/support/on-each-database.ts';
import { GOLDEN } from '../../../support/golden.ts';
import { apiServer } from '../support/api-server.ts';

const SECRET = 'a-secret-of-the-broker-emqx';
const PASSWORD = 'never to be shown';
const pem = (name: string): string => readFileSync(`${GOLDEN}/pki/${name}.pem`, 'utf8');

/** Every row of every table but the note of when a key was used last, which every call of the API leaves. */
async function everything(database: EachDatabase): Promise<unknown> {
  const tables = await database.sql<{ name: string }>(
    database.kind === 'sqlite'
      ? "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name <> 'api_key' ORDER BY name"
      : "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = current_schema() AND table_name <> 'api_key' ORDER BY 1",
  );
  assert.ok(tables.length > 10);
  const rows: [string, unknown[]][] = [];
  for (const { name } of tables) {
    const all = await database.sql(`SELECT * FROM "${name}"`);
    rows.push([name, all.map((row) => JSON.stringify(row)).sort()]);
  }
  return rows;
}

onEachDatabase((database) => {
  const server = apiServer(database, {
    THINGPASS_SECRET_EMQX: SECRET,
    THINGPASS_SECRET_FORWARD_AUTH: SECRET,
    THINGPASS_CERTIFICATE_FORMS: 'emqx:emqx_cert_pem,forward_auth:nginx',
    THINGPASS_PROXIES: '10.0.0.0/8',
    THINGPASS_THROTTLE: 'address,client_id,credentials_id',
    THINGPASS_THROTTLE_FAILURES: '3',
    THINGPASS_NO_OPINION_BROKERS: 'vernemq',
    THINGPASS_SCRAM_ITERATIONS: '4096',
  });
  const explain = async (body: object) => (await server.api.call('explain', { body })).body;
  const question = (client: object) => explain({ question: { broker: 'emqx', ...client } });
  const metrics = async (): Promise<string> => (await fetch(`${server.url}/metrics`)).text();

  test('a neutral question is answered with steps, reason, CONNACK and one suggestion', async () => {
    const request = { kind: 'x509', certificate: pem('p256.crt') };
    await server.api.call('createDevice', { body: { name: 'meter-7', credentials: request } });
    const refused = await question({ clientId: 'meter-7', username: 'meter', password: PASSWORD });
    assert.deepEqual(
      [refused.outcome, refused.reason, refused.connack, refused.answer],
      ['deny', 'credentials_unknown', 'CONNACK 5, MQTT 5: 0x87', { status: 200, body: '{"result":"deny"}' }],
    );
    assert.equal(
      refused.suggestion,
      'a device with this client id exists; its credentials are X.509: connect without a username over TLS',
    );
    assert.ok(refused.steps.length > 0 && refused.lookups.length > 0);
    const known = await question({ clientId: 'x', certificate: pem('p256.crt'), verification: 'verified' });
    assert.deepEqual([known.outcome, known.device.name, known.connack], ['allow', 'meter-7', 'CONNACK 0']);
    assert.deepEqual(known.understood.certificate, {
      kind: 'certificate',
      form: 'emqx_cert_pem',
      verification: 'verified',
    });
    const topic = await question({ clientId: 'c', topic: 'a/b', action: 'publish' });
    assert.deepEqual(
      [topic.understood.topics, topic.connack],
      [[{ action: 'publish', topic: 'a/b' }], undefined],
    );
    for (const [part, why] of [
      [{ topic: 'a' }, /a topic needs an action/],
      [{ certificate: 'x' }, /the certificate cannot be read/],
    ] as const) {
      const body = { question: { broker: 'emqx', ...part } };
      const problem = await server.api.refused('request_invalid', 'explain', { body });
      assert.match(problem.body.detail, why);
    }
  });

  test('a request passes the guard as a real one does', async () => {
    const request = {
      method: 'POST',
      path: '/emqx/authentication',
      headers: { 'content-type': 'application/json' } as Record<string, string | string[]>,
      body: JSON.stringify({
        clientid: 'c',
        username: 'u',
        password: PASSWORD,
        peerhost: '10.1.1.1',
        listener: 'tcp:default',
      }),
    };
    const closed = await explain({ request });
    assert.deepEqual([closed.reason, closed.understood, closed.broker], ['guard_refused', undefined, 'emqx']);
    assert.match(closed.suggestion, /THINGPASS_SECRET/);
    const withHeader = { ...request, headers: { ...request.headers, 'X-ThingPass-Secret': SECRET } };
    const basic = `Basic ${Buffer.from(`any:${SECRET}`).toString('base64')}`;
    for (const given of [
      withHeader,
      { ...request, path: `/k/${SECRET}/emqx/authentication` },
      { ...request, headers: { ...request.headers, authorization: basic } },
    ]) {
      const open = await explain({ request: given });
      assert.deepEqual([open.reason, open.understood.password], ['credentials_unknown', true]);
      assert.deepEqual([open.understood.address, open.understood.addressBelieved], ['10.1.1.1', true]);
      assert.ok(!JSON.stringify(open).includes(PASSWORD) && !JSON.stringify(open).includes(SECRET));
    }
    const wrong = { ...request, headers: { ...request.headers, 'x-thingpass-secret': `${SECRET}x` } };
    assert.equal((await explain({ request: wrong })).reason, 'guard_refused');
    const broken = { ...withHeader, body: '{"clientid":"c"' };
    assert.equal((await explain({ request: broken })).reason, 'request_unreadable');
    const closedAgain = await explain({ request: { ...withHeader, method: 'CONNECT' } });
    assert.deepEqual([closedAgain.reason, closedAgain.answer], ['request_unreadable', undefined]);
    const lost = await explain({ request: { ...withHeader, path: '/emqx/nowhere' } });
    assert.deepEqual([lost.broker, lost.reason, lost.answer.status], [undefined, 'request_unreadable', 404]);
  });

  test('certificates in headers are believed from a proxy only, and repeated ones not at all', async () => {
    const header = encodeURIComponent(pem('p256.crt'));
    const ask = (peer: string | undefined, values: string | string[]) =>
      explain({
        request: {
          method: 'GET',
          path: `/k/${SECRET}/forward-auth`,
          peer,
          headers: { 'x-ssl-client-verify': 'SUCCESS', 'x-ssl-client-cert': values },
        },
      });
    const believed = await ask('10.1.2.3', header);
    const stranger = await ask('192.0.2.1', header);
    const nobody = await ask(undefined, header);
    const repeated = await ask('10.1.2.3', [header, header]);
    assert.deepEqual([believed.outcome, believed.understood.certificate.form], ['allow', 'nginx']);
    for (const refused of [stranger, nobody, repeated]) assert.notEqual(refused.outcome, 'allow');
  });

  test('nothing is written, counted or remembered, whatever the client proves itself with', async () => {
    const create = (name: string, credentials: object, profile = 'default') =>
      server.api.call('createDevice', { body: { name, profile, credentials } });
    const token = (await create('by-token', { kind: 'access_token' })).body.secret.value;
    await create('by-password', { kind: 'mqtt_basic', userName: 'basic', password: PASSWORD });
    await create('old-hash', { kind: 'mqtt_basic', userName: 'old', password: PASSWORD });
    const secretOf = `(SELECT id FROM device_credentials WHERE credentials_id = 'old')`;
    await database.sql(
      `UPDATE credentials_secret SET hash = ? WHERE device_credentials_id = ${secretOf}`,
      hashProvisionally(PASSWORD),
    );
    await database.sql(
      `UPDATE credentials_secret SET scram_keys = ? WHERE device_credentials_id = ${secretOf}`,
      JSON.stringify(await scramKeysOf(PASSWORD, 4096)),
    );
    await create('rotated', { kind: 'access_token', token: 'rotated-before' });
    const rotated = await server.api.call('rotateCredentials', {
      path: { device: 'rotated' },
      body: { endsOnFirstUse: true },
    });
    await server.api.call('createProfile', {
      body: {
        name: 'by-chain',
        provisioning: {
          type: 'X509_CERTIFICATE_CHAIN',
          certificate: pem('inter-b.crt'),
          pattern: '(.*)',
          allowCreate: true,
        },
      },
    });
    const before = await everything(database);
    const counted = (text: string) =>
      text.split('\n').filter((line) => /^thingpass_(decisions|cache|throttle|blocked)/.test(line));
    const countedBefore = counted(await metrics());
    const decidedBefore = (await server.api.call('listDecisions', {})).body.items.length;

    const scram = { username: 'old', clientid: 'c', algorithm: 'sha256', iteration_count: 4096 };
    const asked = {
      token: await question({ username: token }),
      basic: await question({ username: 'basic', password: PASSWORD }),
      'old hash': await question({ username: 'old', password: PASSWORD }),
      'ends its predecessor': await question({ username: rotated.body.secret.value }),
      chain: await question({ certificate: pem('chain3.chain'), verification: 'verified' }),
      scram: await explain({
        request: {
          method: 'POST',
          path: `/k/${SECRET}/emqx/scram`,
          body: JSON.stringify(scram),
          headers: { 'content-type': 'application/json' },
        },
      }),
    };
    for (const [kind, { outcome, reason, answer }] of Object.entries(asked)) {
      assert.deepEqual([kind, outcome, reason], [kind, 'allow', undefined]);
      assert.equal(answer.body, undefined, 'a passport or keys');
    }
    for (let count = 0; count < 20; count++) {
      const wrong = await question({ clientId: 'soon', username: 'basic', password: 'guessed' });
      assert.equal(wrong.reason, 'password_mismatch');
      assert.equal((await question({ username: 'not-yet-there' })).reason, 'credentials_unknown');
    }

    assert.deepEqual(await everything(database), before);
    assert.deepEqual(counted(await metrics()), countedBefore);
    assert.equal((await server.api.call('listDecisions', {})).body.items.length, decidedBefore);
    assert.equal((await server.api.call('listBlocked', {})).body.total, 0);
    assert.ok(await server.connects({ username: 'basic', password: PASSWORD }));
    // What was explained as unknown is not remembered as unknown.
    await create('late', { kind: 'access_token', token: 'not-yet-there' });
    assert.ok(await server.connects({ username: 'not-yet-there' }));
    const logged = JSON.stringify(server.logged);
    for (const secret of [PASSWORD, token, 'rotated-before']) assert.ok(!logged.includes(secret));
  });

  test('a client that is blocked is told of the block, and what would be without it', async () => {
    for (let count = 0; count < 3; count++)
      assert.equal(await server.connects({ clientId: 'guesser', username: `guess-${count}` }), false);
    let shown = await question({ clientId: 'guesser', username: 'guess-9' });
    // Failures are told to the one who counts them a little later.
    await eventually(async () => {
      shown = await question({ clientId: 'guesser', username: 'guess-9' });
      assert.deepEqual(
        [shown.outcome, shown.reason, shown.unblocked?.reason],
        ['deny', 'throttled', 'credentials_unknown'],
      );
    });
    assert.deepEqual(
      [shown.blocked.by, shown.blocked.value, shown.blocked.failures],
      ['client_id', 'guesser', 3],
    );
    assert.equal(shown.steps[0].detail, 'by client_id');
    assert.match(shown.suggestion, /^create the device, .*; then wait until 20.*`thingpass blocked clear`$/);
    assert.equal((await question({ clientId: 'another', username: 'guess-9' })).blocked, undefined);
    assert.equal((await server.api.call('listBlocked', {})).body.items[0].failures, 3);
    await server.api.call('clearBlocked', {});
    assert.equal((await question({ clientId: 'guesser', username: 'guess-9' })).blocked, undefined);
  });

  test('a key needs the scope to read, and what no request can hold is refused', async () => {
    const provisioning = server.api.as(await server.key('provision'));
    const body = { question: { broker: 'emqx' } };
    await provisioning.refused('scope_missing', 'explain', { body });
    await server.api.as(await server.key('read')).call('explain', { body });
    for (const part of [
      { method: 'POST /x' },
      { path: 'emqx' },
      { path: '/a b' },
      { path: '/a\r\nx: y' },
      { headers: { 'a b': 'c' } },
      { headers: { a: 'b\r\nc: d' } },
      { body: 'a', bodyBase64: 'YQ==' },
      { bodyBase64: 'not base64' },
    ]) {
      const request = { method: 'POST', path: '/v1/connect', ...part };
      await server.api.refused('request_invalid', 'explain', { body: { request } });
    }
    await server.api.refused('request_invalid', 'explain', {
      body: { ...body, request: { method: 'GET', path: '/' } },
    });
  });
});
