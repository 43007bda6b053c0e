import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeProvisionProfile } from '../../support/provision-profile.ts';
import { startTestServer } from '../../support/server.ts';

test('a device provisions itself over HTTP and then connects', async (context) => {
  const server = await startTestServer({ THINGPASS_PROVISION_BROKERS: 'generic' });
  context.after(() => server.close());
  await makeProvisionProfile(server.config.database);

  const post = async (path: string, body: object | string) => {
    const response = await fetch(server.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    return { status: response.status, body: (await response.json()) as Record<string, string> };
  };
  const request = { provisionDeviceKey: 'key-1', provisionDeviceSecret: 'secret-1', deviceName: 'pump-7' };
  const wrong = await post('/api/v1/provision', { ...request, provisionDeviceSecret: 'guess' });
  assert.equal(wrong.body.status, 'NOT_FOUND');
  const { body } = await post('/api/v1/provision', request);
  assert.equal(body.status, 'SUCCESS');
  assert.match(body.credentialsValue ?? '', /^[A-Za-z0-9]{20}$/);
  const connected = await post('/v1/connect', { username: body.credentialsValue });
  assert.equal(connected.status, 200);
  assert.equal((await post('/api/v1/provision', request)).body.status, 'FAILURE', 'the name is taken');
  assert.equal((await post('/api/v1/provision', '{')).status, 400);
});

test('provisioning over HTTP is there only where it is switched on', async (context) => {
  const server = await startTestServer();
  context.after(() => server.close());
  const response = await fetch(`${server.url}/api/v1/provision`, { method: 'POST', body: '{}' });
  assert.equal(response.status, 404);
});
