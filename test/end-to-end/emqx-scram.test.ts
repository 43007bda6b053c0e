import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import Database from 'libsql';
import { basicCredentialsId } from '../../src/engine/credentials/stored/hash.ts';
import { PASSWORD_KEPT_ELSEWHERE } from '../../src/engine/credentials/verify-secret.ts';
import { createSecretSchemes } from '../../src/engine/secrets/secret-schemes.ts';
import { scramKeysOf } from '../../src/engine/secrets/stored-scram.ts';
import type { DeviceService } from '../../src/fleet/devices/device-service.ts';
import { DenyRepository } from '../../src/storage/repositories/deny-repository.ts';
import { eventually } from '../storage/support/eventually.ts';
import { RawConnection, readCapture, withPath } from '../support/captured-request.ts';
import { serviceOf } from '../support/device-service.ts';
import { OpenedDevices, openPrisma } from '../support/prisma.ts';
import { scramLogin } from '../support/scram-exchange.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

/*
 * Logins by SCRAM through the whole server: the keys that it gives are put to a client's proof, as EMQX does.
 */

const SHA256 = { algorithm: 'sha256', iterationCount: 4096 } as const;

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly json: Record<string, unknown>;
}

describe('SCRAM keys', () => {
  let server: TestServer;
  let database: InstanceType<typeof Database>;
  const hashing = createSecretSchemes();

  before(async () => {
    server = await startTestServer();
    const { database: location } = server.config;
    assert.ok(location.kind === 'sqlite');
    database = new Database(location.file, { timeout: 5_000 });
  });
  after(async () => {
    database.close();
    await Promise.all([server.close(), hashing.close()]);
  });

  interface Kept {
    readonly password: string;
    readonly iterations?: number;
    readonly createdTime?: number;
    readonly notBefore?: number;
    readonly notAfter?: number;
    /** Anything else in the place of the keys. */
    readonly keys?: string | null;
  }

  /** A device with MQTT basic credentials whose passwords are kept beside them. */
  async function create(name: string, kept: readonly Kept[], clientId?: string): Promise<string> {
    const devices = await OpenedDevices.open(server.config.database);
    const request = { kind: 'mqtt_basic', userName: name, clientId, password: 'replaced' } as const;
    const { device } = await serviceOf(devices).create({
      name,
      profileName: 'default',
      gateway: false,
      request,
    });
    await devices.close();
    const value = JSON.stringify({
      clientId: clientId ?? null,
      userName: name,
      password: PASSWORD_KEPT_ELSEWHERE,
    });
    const id = clientId === undefined ? name : basicCredentialsId(clientId, name);
    const row = database
      .prepare('UPDATE device_credentials SET credentials_value = ? WHERE credentials_id = ? RETURNING id')
      .get(value, id) as { id: string };
    database.prepare('DELETE FROM credentials_secret WHERE device_credentials_id = ?').run(row.id);
    for (const { password, iterations, createdTime = 1, notBefore, notAfter, keys } of kept) {
      const made = keys === undefined ? JSON.stringify(await scramKeysOf(password, iterations)) : keys;
      database
        .prepare(
          `INSERT INTO credentials_secret (id, device_credentials_id, created_time, hash, scram_keys, not_before, not_after)
           VALUES (?, ?, ?, ?, ?, ?, ?)`,
        )
        .run(
          randomUUID(),
          row.id,
          createdTime,
          hashing.hashGenerated(password),
          made,
          notBefore ?? null,
          notAfter ?? null,
        );
    }
    return device.id;
  }

  async function ask(fields: Record<string, unknown>): Promise<Answer> {
    const response = await fetch(`${server.url}/emqx/scram`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ password: '', clientid: 'c', ...fields }),
    });
    const body = await response.text();
    assert.match(response.headers.get('content-type') ?? '', /^application\/json/);
    assert.ok(!body.includes('superuser'));
    return { status: response.status, body, json: JSON.parse(body) };
  }

  const reasonLogged = () => server.logged.findLast((line) => line.endpoint === 'scram')?.reason;

  it('let in who knows the password, by either algorithm, and nobody else', async () => {
    await create('ada', [{ password: 'correct horse' }]);
    for (const algorithm of ['sha256', 'sha512'] as const) {
      const answer = await ask({ username: 'ada', algorithm });
      const settings = { algorithm, iterationCount: 4096 };
      const right = { username: 'ada', password: 'correct horse' };
      assert.equal(scramLogin(right, answer, settings), 'in', algorithm);
      for (const password of ['Correct horse', 'replaced', '', PASSWORD_KEPT_ELSEWHERE.slice(2)]) {
        assert.equal(scramLogin({ ...right, password }, answer, settings), 'refused', password);
      }
    }
    assert.equal(
      (await ask({ username: 'ada' })).body,
      (await ask({ username: 'ada', algorithm: 'sha256' })).body,
    );
  });

  it('come with the rules, the passport and the end of the credentials', async () => {
    const notAfter = (Math.floor(Date.now() / 1_000) + 3_600) * 1_000;
    const device = await create('bob', [{ password: 'x', notAfter }]);
    const { json } = await ask({ username: 'bob', clientid: 'bobs' });
    assert.equal(json.expire_at, notAfter / 1_000);
    const attributes = json.client_attrs as Record<string, string>;
    assert.equal(attributes.thingpass_device, device);
    assert.ok(JSON.stringify(json.acl).includes(`devices/${device}/#`));

    const asked = { clientid: 'bobs', action: 'publish', topic: `devices/${device}/up`, qos: '1' };
    const topic = async (fields: Record<string, string>) => {
      const response = await fetch(`${server.url}/emqx/authorization`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ ...asked, client_attrs__thingpass: attributes.thingpass, ...fields }),
      });
      return ((await response.json()) as { result: string }).result;
    };
    assert.equal(await topic({}), 'allow');
    assert.equal(await topic({ clientid: 'another' }), 'deny', 'the passport is bound to the client id');
  });

  it('are for the client id of the credentials, where they have one', async () => {
    await create('eve', [{ password: 'p' }], 'her-client');
    const right = { username: 'eve', password: 'p' };
    assert.equal(scramLogin(right, await ask({ username: 'eve', clientid: 'her-client' }), SHA256), 'in');
    assert.equal(scramLogin(right, await ask({ username: 'eve', clientid: 'other' }), SHA256), 'refused');
    assert.equal(reasonLogged(), 'credentials_unknown');
  });

  it('of a user who is not there look like anybody’s, stay the same, and let nobody in', async () => {
    await create('known', [{ password: 'p' }]);
    const known = await ask({ username: 'known' });
    const unknown = await ask({ username: 'unknown' });
    assert.equal(reasonLogged(), 'credentials_unknown');
    assert.equal(unknown.status, known.status);
    for (const name of ['stored_key', 'server_key', 'salt']) {
      const [one, other] = [unknown.json[name], known.json[name]].map(String);
      assert.match(one ?? '', /^[0-9a-f]+$/);
      assert.equal(one?.length, other?.length, name);
    }
    assert.deepEqual(
      Object.keys(unknown.json),
      ['stored_key', 'server_key', 'salt'],
      'no rights and no passport',
    );
    assert.equal((await ask({ username: 'unknown', clientid: 'x' })).body, unknown.body);
    assert.notEqual((await ask({ username: 'unknown2' })).json.salt, unknown.json.salt);
    for (const password of ['', 'unknown', 'p']) {
      assert.equal(scramLogin({ username: 'unknown', password }, unknown, SHA256), 'refused');
    }
  });

  it('are given to nobody whose credentials are refused for another reason, who hears no difference', async () => {
    const hour = 3_600_000;
    const right = (username: string) => ({ username, password: 'p' });
    await create('expired', [{ password: 'p', notAfter: Date.now() - hour }]);
    await create('later', [{ password: 'p', notBefore: Date.now() + hour }]);
    await create('no-keys', [{ password: 'p', keys: null }]);
    await create('bad-keys', [
      { password: 'p', keys: '[{"algorithm":"sha256","iterations":4096,"salt":"zz"}]' },
    ]);
    await create('other-count', [{ password: 'p', iterations: 10_000 }]);
    for (const [username, reason] of [
      ['expired', 'credentials_expired'],
      ['later', 'credentials_not_yet_valid'],
      ['no-keys', 'scram_keys_missing'],
      ['bad-keys', 'scram_keys_missing'],
      ['other-count', 'scram_keys_missing'],
    ] as const) {
      const answer = await ask({ username });
      assert.equal(scramLogin(right(username), answer, SHA256), 'refused', username);
      assert.equal(reasonLogged(), reason, username);
    }
    const counted = { algorithm: 'sha256', iterationCount: 10_000 } as const;
    const answer = await ask({ username: 'other-count', iteration_count: '10000' });
    assert.equal(scramLogin(right('other-count'), answer, counted), 'in');
  });

  it('are not those of a device on the deny list, which hears no difference', async () => {
    const device = await create('denied', [{ password: 'p' }]);
    const right = { username: 'denied', password: 'p' };
    assert.equal(scramLogin(right, await ask({ username: 'denied' }), SHA256), 'in');
    const prisma = await openPrisma(server.config.database);
    await new DenyRepository(prisma).put('device', device, undefined, { name: 'test', origin: 'test' });
    await prisma.$disconnect();
    await eventually(async () => {
      assert.equal(scramLogin(right, await ask({ username: 'denied' }), SHA256), 'refused');
      assert.equal(reasonLogged(), 'denied_by_list');
    });
  });

  it('are the newest password’s while two are valid', async () => {
    await create('rotating', [
      { password: 'old', createdTime: 1 },
      { password: 'new', createdTime: 3 },
      { password: 'too new', createdTime: 4, notBefore: Date.now() + 3_600_000 },
      { password: 'between', createdTime: 2 },
    ]);
    const answer = await ask({ username: 'rotating' });
    assert.equal(scramLogin({ username: 'rotating', password: 'new' }, answer, SHA256), 'in');
    assert.equal(scramLogin({ username: 'rotating', password: 'old' }, answer, SHA256), 'refused');
  });

  it('are never of a token, a plain password or a provisioning session', async () => {
    const devices = await OpenedDevices.open(server.config.database);
    const service = serviceOf(devices);
    const make = (name: string, request: Parameters<DeviceService['create']>[0]['request']) =>
      service.create({ name, profileName: 'default', gateway: false, request });
    await make('token', { kind: 'access_token', token: 'a-token' });
    await make('plain', { kind: 'mqtt_basic', userName: 'plain-user', password: 'p' });
    await devices.close();
    for (const [username, reason] of [
      ['a-token', 'credentials_unknown'],
      ['plain-user', 'scram_keys_missing'],
      ['provision', 'credentials_unknown'],
    ] as const) {
      const answer = await ask({ username });
      assert.equal(scramLogin({ username, password: 'p' }, answer, SHA256), 'refused', username);
      assert.equal(reasonLogged(), reason, username);
    }
  });

  it('are not looked for where the request does not say whose, or in a way that EMQX does not know', async () => {
    for (const fields of [
      { username: '' },
      { username: '$' + '{username}' },
      { username: 'ada', algorithm: 'md5' },
      { username: 'ada', iteration_count: 'many' },
      { username: ['ada'] },
    ]) {
      assert.equal((await ask(fields)).status, 404, JSON.stringify(fields));
    }
  });

  it('are there for what real brokers sent', async () => {
    await create('user', [{ password: 'pencil' }]);
    for (const version of ['5.8.9', '6.2.2']) {
      for (const name of ['60-scram-allow-01', '61-scram-with-connect-username-01']) {
        const connection = await RawConnection.open(server.port);
        connection.write(withPath(readCapture(`captures/emqx/${version}/${name}.http`), '/emqx/scram'));
        const login = { username: 'user', password: 'pencil' };
        assert.equal(scramLogin(login, await connection.reply(), SHA256), 'in', `${version} ${name}`);
        connection.close();
      }
    }
  });

  it('are in no line of the log', () => {
    const logged = JSON.stringify(server.logged);
    const rows = database.prepare('SELECT scram_keys FROM credentials_secret').all() as {
      scram_keys: string;
    }[];
    for (const { scram_keys: keys } of rows) {
      for (const [hex] of (keys ?? '').matchAll(/[0-9a-f]{32,}/g)) assert.ok(!logged.includes(hex));
    }
    assert.ok(!logged.includes('"ada"'), 'a user name may be a token');
  });
});

it('are given on a listener for certificates to nobody without one', async (context) => {
  const server = await startTestServer({
    THINGPASS_SECRET_EMQX: 'a-secret-for-emqx',
    THINGPASS_CERTIFICATE_FORMS: 'emqx:emqx_cert_pem',
    THINGPASS_CERTIFICATE_ONLY_LISTENERS: 'emqx:ssl:default',
  });
  context.after(() => server.close());
  const ask = async (fields: Record<string, string>) => {
    const response = await fetch(`${server.url}/k/a-secret-for-emqx/emqx/scram`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username: 'u', clientid: 'c', ...fields }),
    });
    return [response.status, server.logged.findLast((line) => line.endpoint === 'scram')?.reason];
  };
  assert.deepEqual(await ask({ listener: 'ssl:default' }), [404, 'certificate_required']);
  assert.deepEqual(await ask({ listener: 'tcp:default', cert_pem: 'AAAA' }), [404, 'not_supported']);
  assert.deepEqual(await ask({ listener: 'tcp:default' }), [200, 'credentials_unknown']);
});
