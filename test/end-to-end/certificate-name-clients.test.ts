import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import type { DeviceService } from '../../src/fleet/devices/device-service.ts';
import { serviceOf } from '../support/device-service.ts';
import { OpenedDevices } from '../support/prisma.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

/*
 * Certificates, and their names, in the place of a user name: the whole server, from the broker's request to its answer.
 * p256 is the certificate of meter-0003, rsa2048 that of nobody.
 */

const SECRET = 'a-secret-for-brokers';
const pem = (name: string): string =>
  readFileSync(new URL(`../golden/pki/${name}.crt.pem`, import.meta.url), 'utf8');
const base64 = (name: string): string => pem(name).replaceAll(/-----[^-]+-----|\s/g, '');
const MD5 = { p256: '0a15439afb35156d1e880a1b26840764' };

async function start(environment: Record<string, string>): Promise<TestServer> {
  const server = await startTestServer({ THINGPASS_SECRET: SECRET, ...environment });
  const repository = await OpenedDevices.open(server.config.database);
  const service = serviceOf(repository);
  const make = (name: string, request: Parameters<DeviceService['create']>[0]['request']) =>
    service.create({ name, profileName: 'default', gateway: false, request });
  await make('meter', { kind: 'x509', certificate: pem('p256') });
  // A token of the same text as the name: a name never falls back to it.
  await make('decoy', { kind: 'access_token', token: 'meter-0001' });
  await make('by-token', { kind: 'access_token', token: 'a-token' });
  await repository.close();
  return server;
}

async function ask(server: TestServer, path: string, body: object) {
  const response = await fetch(server.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-thingpass-secret': SECRET },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  const refused = server.logged.findLast(({ outcome }) => outcome === 'deny');
  return { status: response.status, text, reason: refused?.reason as string | undefined };
}

describe('EMQX with peer_cert_as_username', () => {
  const servers: TestServer[] = [];
  const believing = async (environment: Record<string, string>) => {
    const server = await start(environment);
    servers.push(server);
    return (fields: object) => ask(server, '/emqx/authentication', { clientid: 'c', ...fields });
  };
  after(() => Promise.all(servers.map((server) => server.close())));
  const names = { cert_common_name: 'meter-0003', cert_subject: 'CN=meter-0003,O=Example Metering,C=NL' };

  it('pem: the certificate decides, corroborated by its common name', async () => {
    const connect = await believing({
      THINGPASS_CERTIFICATE_FORMS: 'emqx:emqx_username_pem',
      THINGPASS_UNCHECKED_CERTIFICATES: 'emqx:emqx_username_pem',
    });
    assert.match((await connect({ username: base64('p256'), ...names })).text, /"allow"/);
    const forged = await connect({ username: base64('p256'), cert_common_name: 'another', cert_subject: '' });
    assert.deepEqual([/"deny"/.test(forged.text), forged.reason], [true, 'certificate_unreadable']);
    const typed = await connect({ username: base64('p256'), cert_common_name: '', cert_subject: '' });
    assert.deepEqual([/"deny"/.test(typed.text), typed.reason], [true, 'certificate_unreadable']);
    const unknown = await connect({ username: base64('rsa2048'), cert_common_name: 'meter-0001' });
    assert.equal(unknown.reason, 'certificate_unknown');
    // A client without a certificate is what it always was.
    assert.match((await connect({ username: 'a-token', cert_common_name: '' })).text, /"allow"/);
  });

  it('pem: not checked is not believed unless the operator says so', async () => {
    const connect = await believing({ THINGPASS_CERTIFICATE_FORMS: 'emqx:emqx_username_pem' });
    assert.equal((await connect({ username: base64('p256'), ...names })).reason, 'certificate_not_checked');
  });

  it('md5, cn and dn: names, from listeners that demand certificates', async () => {
    for (const [form, username] of [
      ['emqx_username_md5', MD5.p256],
      ['emqx_username_cn', names.cert_common_name],
      ['emqx_username_dn', names.cert_subject],
    ] as const) {
      const connect = await believing({
        THINGPASS_CERTIFICATE_FORMS: `emqx:${form}`,
        THINGPASS_CERTIFICATE_ONLY_LISTENERS: 'emqx:ssl:default',
        THINGPASS_CERTIFICATE_NAMES: 'emqx:credential',
      });
      const listener = 'ssl:default';
      assert.match((await connect({ username, listener, ...names })).text, /"allow"/, form);
      const elsewhere = await connect({ username, listener: 'ssl:other', ...names });
      assert.match(elsewhere.text, /"deny"/, form);
      const none = await connect({ username: 'a-token', listener, cert_common_name: '', cert_subject: '' });
      assert.match(none.text, /"deny"/, form);
    }
  });

  it('is not read where it is not enabled, and the log says so once', async () => {
    const server = await start({});
    servers.push(server);
    const body = { clientid: 'c', username: base64('p256'), cert_pem: base64('p256'), ...names };
    for (const _ of [1, 2]) await ask(server, '/emqx/authentication', body);
    const warned = server.logged.filter(({ level }) => level === 'warn').map((line) => line.certificate);
    assert.deepEqual(warned, [
      'cert_pem, a certificate as emqx_cert_pem',
      'cert_common_name, a certificate as emqx_name',
      'username, a certificate as emqx_username_pem',
    ]);
    const refused = server.logged.findLast(({ outcome }) => outcome === 'deny');
    assert.match(JSON.stringify(refused?.steps), /certificate_forms.*not read: cert_pem/);
  });
});

describe('Mosquitto with certificates for user names', () => {
  let byName: TestServer;
  let bySubject: TestServer;
  let plain: TestServer;
  before(async () => {
    const common = {
      THINGPASS_CERTIFICATE_ONLY_LISTENERS: 'mosquitto',
      THINGPASS_CERTIFICATE_NAMES: 'mosquitto:credential',
    };
    [byName, bySubject, plain] = await Promise.all([
      start({ ...common, THINGPASS_CERTIFICATE_FORMS: 'mosquitto:mosquitto_name' }),
      start({ ...common, THINGPASS_CERTIFICATE_FORMS: 'mosquitto:mosquitto_subject' }),
      start({}),
    ]);
  });
  after(() => Promise.all([byName, bySubject, plain].map((server) => server?.close())));

  const SUBJECT = 'CN=meter-0003,O=Example Metering,C=NL';
  const acl = (server: TestServer, username: string) => {
    const authorization = `Basic ${Buffer.from(`thingpass:${SECRET}`).toString('base64')}`;
    const headers = { authorization, 'content-type': 'application/json' };
    const body = JSON.stringify({ username, clientid: 'c', topic: 'v1/devices/me/telemetry', acc: 2 });
    return fetch(`${server.url}/mosquitto/acl`, { method: 'POST', body, headers }).then(
      ({ status }) => status,
    );
  };

  it('use_identity_as_username: the common name', async () => {
    assert.equal(await acl(byName, 'meter-0003'), 200);
    // Known as a token only, unknown, a subject where common names are expected, nobody.
    for (const username of ['meter-0001', 'a-token', SUBJECT, '']) {
      assert.equal(await acl(byName, username), 403, username);
    }
  });

  it('use_subject_as_username: the parsed subject', async () => {
    assert.equal(await acl(bySubject, SUBJECT), 200);
    for (const username of ['meter-0003', 'CN=meter-0003,CN=other', 'O=Example Metering']) {
      assert.equal(await acl(bySubject, username), 403, username);
    }
  });

  it('nobody connects with a password there, nor without', async () => {
    const fields = { username: 'a-token', clientid: 'c' };
    const withPassword = await ask(byName, '/mosquitto/user', { ...fields, password: 'any' });
    assert.deepEqual([withPassword.status, withPassword.reason], [403, 'certificate_required']);
    const without = await ask(byName, '/mosquitto/user', fields);
    assert.deepEqual([without.status, without.reason], [403, 'certificate_name_unknown']);
    // What Mosquitto 2.1 asks behind a proxy that sends the common name.
    assert.equal((await ask(byName, '/mosquitto/user', { ...fields, username: 'meter-0003' })).status, 200);
  });

  it('is a user name like any other where no form is switched on', async () => {
    assert.equal(await acl(plain, 'meter-0003'), 403);
    assert.equal((await ask(plain, '/mosquitto/user', { username: 'a-token', password: 'any' })).status, 200);
  });

  it('both forms at once tell nobody’s name', async (context) => {
    const server = await start({
      THINGPASS_CERTIFICATE_ONLY_LISTENERS: 'mosquitto',
      THINGPASS_CERTIFICATE_NAMES: 'mosquitto:credential',
      THINGPASS_CERTIFICATE_FORMS: 'mosquitto:mosquitto_name,mosquitto:mosquitto_subject',
    });
    context.after(() => server.close());
    assert.equal(await acl(server, 'meter-0003'), 403);
    assert.ok(server.logged.some(({ reason }) => reason === 'certificate_name_ambiguous'));
  });
});

describe('a certificate whose form is off', () => {
  let server: TestServer;
  before(async () => {
    server = await start({});
  });
  after(() => server.close());

  it('is told of, whichever broker sends it', async () => {
    const cases = [
      ['/v1/connect', { certificate: base64('p256') }, 'certificate, a certificate as generic_certificate'],
      ['/v1/connect', { certificateSubject: 'CN=a' }, 'certificateSubject, a certificate as generic_name'],
      ['/v1/connect', { requestContext: {} }, 'requestContext, a certificate as aws_api_gateway'],
      ['/emqx4/auth', { common_name: 'a' }, 'common_name, a certificate as emqx4_name'],
      ['/nanomq/auth', { subject: 'CN=a' }, 'subject, a certificate as nanomq_name'],
      ['/tbmq', { password: '', commonName: 'a' }, 'commonName, a certificate as tbmq_name'],
    ] as const;
    for (const [path, fields, detail] of cases) {
      const clientId = path === '/emqx4/auth' || path === '/nanomq/auth' ? 'clientid' : 'clientId';
      await ask(server, path, { [clientId]: 'c', username: 'nobody', ...fields });
      const refused = server.logged.findLast(({ outcome }) => outcome === 'deny');
      assert.match(JSON.stringify(refused?.steps), new RegExp(`not read: ${detail}`), path);
      assert.ok(
        server.logged.some(({ certificate }) => certificate === detail),
        detail,
      );
    }
  });

  it('says nothing where a broker says that there is none', async () => {
    const before = server.logged.length;
    await ask(server, '/emqx4/auth', { clientid: 'c', username: 'n', common_name: 'undefined', subject: '' });
    await ask(server, '/emqx/authentication', {
      clientid: 'c',
      username: 'n',
      cert_pem: '',
      cert_subject: '',
    });
    assert.ok(server.logged.slice(before).every((line) => line.certificate === undefined));
  });
});
