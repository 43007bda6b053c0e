import assert from 'node:assert/strict';
import { test } from 'node:test';
import Database from 'libsql';
import { DeviceService } from '../../src/devices/device-service.ts';
import { DeviceRepository } from '../../src/storage/device-repository.ts';
import { startTestServer } from '../support/server.ts';

test('a device provisions itself over HTTP and then connects', async (context) => {
  const server = await startTestServer({ THINGPASS_PROVISION_BROKERS: 'generic' });
  context.after(() => server.close());
  const { database } = server.config;
  assert.ok(database.kind === 'sqlite');
  const devices = await DeviceRepository.open(database);
  const wish = { kind: 'access_token' } as const;
  await new DeviceService(devices).create({ name: 'first', profileName: 'pumps', gateway: false, wish });
  await devices.close();
  const direct = new Database(database.file, { timeout: 1_000 });
  direct
    .prepare(
      "UPDATE device_profile SET provision_type = 'ALLOW_CREATE_NEW_DEVICES', provision_device_key = 'key-1', profile_data = ?",
    )
    .run(JSON.stringify({ provisionConfiguration: { provisionDeviceSecret: 'secret-1' } }));
  direct.close();

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
