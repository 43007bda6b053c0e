import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, beforeEach, test } from 'node:test';
import { onEachDatabase } from '../../../storage/support/on-each-database.ts';
import { goldenBytes } from '../../../support/golden.ts';
import { emqxApi, fakeBrokerApi } from '../../../support/session-brokers.ts';
import { apiServer } from '../support/api-server.ts';

const SECRET = 'a-secret-for-emqx';
const pem = goldenBytes('pki/p256.crt.pem').toString();

/** Who is connected at EMQX, by client id. */
const clients = new Map<string, string>();
const emqx = await fakeBrokerApi(emqxApi(clients).answer);
after(() => emqx.close());
beforeEach(() => clients.clear());

onEachDatabase((database) => {
  const server = apiServer(database, {
    THINGPASS_SECRET_EMQX: SECRET,
    THINGPASS_CERTIFICATE_FORMS: 'emqx:emqx_cert_pem',
    THINGPASS_UNCHECKED_CERTIFICATES: 'emqx:emqx_cert_pem',
    THINGPASS_END_SESSIONS: 'emqx',
    THINGPASS_EMQX_API_URL: `${emqx.url}/api/v5`,
    THINGPASS_EMQX_API_KEY: 'key:secret',
  });
  const call = (...args: Parameters<typeof server.api.call>) => server.api.call(...args);
  const headers = { 'if-match': '*' };

  /** Connects as a client of EMQX does. */
  async function connect(client: { clientid: string; username?: string; cert_pem?: string }) {
    const response = await fetch(`${server.url}/emqx/authentication`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-thingpass-secret': SECRET },
      body: JSON.stringify(client),
    });
    const { result } = (await response.json()) as { result: string };
    if (result === 'allow') clients.set(client.clientid, client.username ?? '');
    return result;
  }

  async function connected(name: string) {
    const token = `token-of-${name}-${database.kind}`;
    const { body } = await call('createDevice', {
      body: { name, credentials: { kind: 'access_token', token } },
    });
    assert.equal(await connect({ clientid: `client-${name}`, username: token }), 'allow');
    return { device: body.device.id as string, credentials: body.device.credentials[0].id as string };
  }

  const ended = (name: string) => [{ broker: 'emqx', clientId: `client-${name}`, result: 'ended' }];

  test('whatever ends credentials at once ends the sessions, and says so', async () => {
    const revoked = await connected('revoked');
    assert.deepEqual(
      (await call('revokeCredentials', { path: revoked, headers })).body.ended,
      ended('revoked'),
    );
    const deleted = await connected('deleted');
    const gone = await call('deleteDevice', { path: { device: deleted.device } });
    assert.deepEqual(gone.body.ended, ended('deleted'));
    const denied = await connected('denied');
    const entry = { path: { kind: 'device', value: denied.device }, body: {} };
    assert.deepEqual((await call('putDenyEntry', entry)).body.ended, ended('denied'));
    const put = await connected('put');
    const replaced = await call('putCredentials', { path: put, headers, body: { kind: 'access_token' } });
    assert.deepEqual(replaced.body.ended, ended('put'));
    const { device } = await connected('rotated');
    const rotated = await call('rotateCredentials', { path: { device }, body: { overlapSeconds: 0 } });
    assert.deepEqual(rotated.body.ended, ended('rotated'));
    const switched = await connected('switched');
    const to = { kind: 'mqtt_basic', userName: `user-${database.kind}` };
    const { body } = await call('switchCredentials', {
      path: { device: switched.device },
      body: { to, overlapSeconds: 0 },
    });
    assert.deepEqual(body.ended, ended('switched'));
    assert.deepEqual([...clients.keys()], []);
  });

  test('what ends by ThingsBoard’s paths ends sessions too', async () => {
    const key = await server.key('read', 'write');
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    const saved = await connected('saved');
    const credentials = await fetch(`${server.url}/api/device/${saved.device}/credentials`, { headers });
    const body = JSON.stringify({
      ...((await credentials.json()) as object),
      credentialsId: `another-token-${database.kind}`,
    });
    const put = await fetch(`${server.url}/api/device/credentials`, { method: 'POST', headers, body });
    assert.equal(put.status, 200);
    assert.ok(!clients.has('client-saved'));
    const removed = await connected('removed');
    const { authorization } = headers;
    const path = `${server.url}/api/device/${removed.device}`;
    assert.equal((await fetch(path, { method: 'DELETE', headers: { authorization } })).status, 200);
    assert.ok(!clients.has('client-removed'));
  });

  test('what still holds for a while ends no session', async () => {
    const { device } = await connected('overlapping');
    const { body } = await call('rotateCredentials', { path: { device }, body: {} });
    assert.equal(body.ended, undefined);
    assert.ok(clients.has('client-overlapping'));
  });

  test('a certificate says no client id: the one under which it was let in is remembered', async () => {
    const cert_pem = new X509Certificate(pem).raw.toString('base64');
    const { body } = await call('createDevice', {
      body: { name: 'certified', credentials: { kind: 'x509', certificate: pem } },
    });
    const path = { device: body.device.id as string, credentials: body.device.credentials[0].id as string };
    assert.equal(await connect({ clientid: 'by certificate', cert_pem }), 'allow');
    const seen = await call('listRecentSessions', { query: { device: path.device } });
    assert.deepEqual(
      seen.body.items.map(({ clientId }: { clientId: string }) => clientId),
      ['by certificate'],
    );
    const revoked = await call('revokeCredentials', { path, headers });
    assert.deepEqual(revoked.body.ended, [{ broker: 'emqx', clientId: 'by certificate', result: 'ended' }]);
    const { body: audit } = await call('listAuditEvents', { query: { subjectId: path.device } });
    assert.ok(!JSON.stringify(audit).includes('by certificate'));
    const event = audit.items.find(({ action }: { action: string }) => action === 'device.sessions_ended');
    assert.deepEqual(event?.detail, { results: ['emqx ended: 1'] });
  });

  test('a device of which nothing is known is said to be unknown', async () => {
    const certificate = goldenBytes('pki/rsa2048.crt.pem').toString();
    const { body } = await call('createDevice', {
      body: { name: 'never seen', credentials: { kind: 'x509', certificate } },
    });
    const answer = await call('deleteDevice', { path: { device: body.device.id } });
    assert.deepEqual(answer.body.ended, [{ broker: 'emqx', result: 'unknown' }]);
  });
});
