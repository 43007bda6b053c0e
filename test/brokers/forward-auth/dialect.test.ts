import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import type { DeviceService } from '../../../src/fleet/devices/device-service.ts';
import { serviceOf } from '../../support/device-service.ts';
import { OpenedDevices } from '../../support/prisma.ts';
import { startTestServer, type TestServer } from '../../support/server.ts';

const SECRET = 'a-secret-of-the-proxy';
const pem = (name: string): string =>
  readFileSync(new URL(`../../golden/pki/${name}.crt.pem`, import.meta.url), 'utf8');
const presented = (name: string, verify = 'SUCCESS'): Record<string, string> => ({
  'x-ssl-client-cert': encodeURIComponent(pem(name)),
  'x-ssl-client-verify': verify,
});

let server: TestServer;
let token: string;
before(async () => {
  server = await startTestServer({
    THINGPASS_SECRET_FORWARD_AUTH: SECRET,
    THINGPASS_SECRET_GENERIC: SECRET,
    THINGPASS_CERTIFICATE_FORMS: 'forward_auth:nginx,generic:nginx',
    THINGPASS_PROXIES: '127.0.0.1',
  });
  const devices = await OpenedDevices.open(server.config.database);
  const service = serviceOf(devices);
  const make = (name: string, request: Parameters<DeviceService['create']>[0]['request']) =>
    service.create({ name, profileName: 'default', gateway: false, request });
  await make('mètre 7%', { kind: 'x509', certificate: pem('p256') });
  token = (await make('by-token', { kind: 'access_token' })).secret?.value as string;
  await make('by-password', { kind: 'mqtt_basic', userName: 'u', password: 'p:w' });
  await devices.close();
});
after(() => server.close());

async function ask(headers: Record<string, string>, path = '/forward-auth', init: RequestInit = {}) {
  const response = await fetch(server.url + path, {
    ...init,
    headers: { 'x-thingpass-secret': SECRET, ...headers },
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

test('a known certificate is let through, and the proxy is told whose it is', async () => {
  for (const method of ['GET', 'POST', 'HEAD']) {
    const { status, headers } = await ask(presented('p256'), '/forward-auth', { method });
    assert.equal(status, 200, method);
    assert.match(headers.get('x-thingpass-device-id') ?? '', /^[0-9a-f-]{36}$/);
    assert.equal(headers.get('x-thingpass-device-name'), 'm%C3%A8tre%207%25');
    assert.equal(headers.get('x-thingpass-role'), 'device');
  }
});

test('a certificate that is unknown, expired, failed or unreadable is refused, whatever else comes with it', async () => {
  const authorization = `Bearer ${token}`;
  const cases: readonly (readonly [Record<string, string>, string])[] = [
    [presented('rsa2048'), 'certificate_unknown'],
    [presented('expired'), 'certificate_expired'],
    [presented('p256', 'FAILED:self signed certificate'), 'certificate_verification_failed'],
    [{ ...presented('p256'), 'x-ssl-client-cert': 'junk' }, 'certificate_unreadable'],
  ];
  for (const [headers, reason] of cases) {
    const answer = await ask({ ...headers, authorization });
    assert.deepEqual([answer.status, answer.text], [403, reason]);
  }
});

test('without a certificate the client’s own Authorization decides, and never proves the proxy', async () => {
  const none = { 'x-ssl-client-verify': 'NONE' };
  assert.equal((await ask({ ...none, authorization: `Bearer ${token}` })).status, 200);
  const basic = `Basic ${Buffer.from('u:p:w').toString('base64')}`;
  assert.equal((await ask({ ...none, authorization: basic })).status, 200);
  for (const authorization of ['Bearer wrong', 'Basic dTp3cm9uZw==', 'Digest x', '']) {
    assert.equal((await ask({ ...none, authorization })).status, 401, authorization);
  }
  const asGuard = `Basic ${Buffer.from(`x:${SECRET}`).toString('base64')}`;
  const unproven = await fetch(`${server.url}/forward-auth`, { headers: { authorization: asGuard } });
  assert.deepEqual([unproven.status, await unproven.text()], [401, 'guard_refused']);
});

test('a broker that relays the upgrade’s headers is believed the same way', async () => {
  const relay = (headers: Record<string, string>) =>
    ask({ 'content-type': 'application/json', ...headers }, '/v1/connect', {
      method: 'POST',
      body: '{"clientId":"c","username":"whatever"}',
    });
  assert.equal(JSON.parse((await relay(presented('p256'))).text).device.name, 'mètre 7%');
  assert.equal(JSON.parse((await relay(presented('rsa2048'))).text).reason, 'certificate_unknown');
});

test('a form that is not enabled decides nothing, and the log says that it was there', async () => {
  const answer = await ask({ 'x-forwarded-client-cert': `Hash=${'0'.repeat(64)}` });
  assert.equal(answer.status, 401);
  const line = server.logged.findLast((one) => one.reason === 'credentials_unknown');
  assert.match(JSON.stringify(line?.steps), /not read: x-forwarded-client-cert, a certificate as .*xfcc/);
});

test('certificate headers from anyone but a proxy are refused', async () => {
  const other = await startTestServer({
    THINGPASS_SECRET_FORWARD_AUTH: SECRET,
    THINGPASS_CERTIFICATE_FORMS: 'forward_auth:nginx',
    THINGPASS_PROXIES: '10.0.0.0/8,2001:db8::/32',
  });
  const response = await fetch(`${other.url}/forward-auth`, {
    headers: { 'x-thingpass-secret': SECRET, ...presented('p256') },
  });
  assert.deepEqual([response.status, await response.text()], [403, 'certificate_unreadable']);
  await other.close();
});

test('a form that a caller cannot bring stops the start', async () => {
  const start = startTestServer({
    THINGPASS_SECRET: SECRET,
    THINGPASS_CERTIFICATE_FORMS: 'emqx:nginx',
  });
  await assert.rejects(
    start,
    /emqx cannot bring certificates as nginx; it brings emqx_cert_pem, emqx_username_pem, .*, emqx_name/,
  );
});
