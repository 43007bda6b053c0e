import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../../../storage/support/eventually.ts';
import { onEachDatabase } from '../../../storage/support/on-each-database.ts';
import { apiServer } from '../support/api-server.ts';

onEachDatabase((database) => {
  const server = apiServer(database);
  /** Within the second that a change may take to be heard of. */
  const admitted = (attempt: Record<string, unknown>) =>
    eventually(async () => assert.equal(await server.connects(attempt), true), 20_000);
  const refused = (attempt: Record<string, unknown>) =>
    eventually(async () => assert.equal(await server.connects(attempt), false));

  /** As a script for ThingsBoard asks. */
  async function script(method: string, path: string, body?: unknown, token?: string) {
    const response = await fetch(`${server.url}/api${path}`, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === undefined ? {} : { 'x-authorization': `Bearer ${token}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    // biome-ignore lint/suspicious/noExplicitAny: ThingsBoard's JSON
    return { status: response.status, body: (text === '' ? undefined : JSON.parse(text)) as any };
  }

  test('a script logs in, makes a device, reads its token and changes it', async () => {
    const password = await server.key('read', 'write');
    const login = await script('POST', '/auth/login', { username: 'tenant@thingsboard.org', password });
    const { token } = login.body;
    const made = await script(
      'POST',
      '/device-with-credentials',
      {
        device: {
          name: 'tb-1',
          type: 'thermostat',
          label: 'hall',
          additionalInfo: { gateway: true, description: 'x' },
        },
        credentials: { credentialsType: 'ACCESS_TOKEN', credentialsId: 'tb-token-1' },
      },
      token,
    );
    assert.equal(made.status, 200);
    assert.deepEqual(
      [made.body.name, made.body.type, made.body.id.entityType],
      ['tb-1', 'thermostat', 'DEVICE'],
    );
    const found = await script('GET', '/tenant/devices?deviceName=tb-1', undefined, token);
    assert.deepEqual(found.body, made.body);
    const id = made.body.id.id;
    assert.deepEqual((await script('GET', `/device/${id}`, undefined, token)).body, made.body);
    const { body: credentials } = await script('GET', `/device/${id}/credentials`, undefined, token);
    assert.deepEqual(
      [credentials.credentialsType, credentials.credentialsId],
      ['ACCESS_TOKEN', 'tb-token-1'],
    );
    assert.deepEqual(credentials.deviceId, { entityType: 'DEVICE', id });

    const changed = { ...credentials, credentialsId: 'tb-token-2' };
    const saved = await script('POST', '/device/credentials', changed, token);
    assert.deepEqual([saved.status, saved.body.credentialsId], [200, 'tb-token-2']);
    await admitted({ username: 'tb-token-2' });
    await refused({ username: 'tb-token-1' });
    const stale = await script('POST', `/device/${id}/credentials`, changed, token);
    assert.deepEqual([stale.status, stale.body.errorCode], [409, 35]);
    assert.equal((await script('DELETE', `/device/${id}`, undefined, token)).status, 200);
    const gone = await script('GET', `/device/${id}/credentials`, undefined, token);
    assert.deepEqual([gone.status, gone.body.errorCode, typeof gone.body.timestamp], [404, 32, 'number']);
  });

  test('a password is never returned, and sending back what was given keeps it', async () => {
    const token = await server.key('read', 'write');
    const value = { clientId: null, userName: 'tb-user', password: 'tb-password' };
    const credentials = { credentialsType: 'MQTT_BASIC', credentialsValue: JSON.stringify(value) };
    const made = await script(
      'POST',
      '/device-with-credentials',
      { device: { name: 'tb-2' }, credentials },
      token,
    );
    const path = `/device/${made.body.id.id}/credentials`;
    const given = await script('GET', path, undefined, token);
    assert.deepEqual(JSON.parse(given.body.credentialsValue), { clientId: null, userName: 'tb-user' });
    assert.doesNotMatch(JSON.stringify(given.body), /tb-password|\$scrypt|kept in/);
    assert.equal((await script('POST', path, given.body, token)).status, 200);
    await admitted({ username: 'tb-user', password: 'tb-password' });
    await refused({ username: 'tb-user', password: 'other' });
    const renamed = { ...given.body, credentialsValue: JSON.stringify({ userName: 'tb-other' }) };
    assert.equal(
      (await script('POST', path, renamed, token)).status,
      400,
      'nobody is let in with any password',
    );
    const other = {
      ...given.body,
      credentialsValue: JSON.stringify({ userName: 'tb-user', password: 'new' }),
    };
    assert.equal((await script('POST', path, other, token)).status, 200);
    await admitted({ username: 'tb-user', password: 'new' });
  });

  test('refusals are ThingsBoard’s: its statuses, its codes', async () => {
    const token = await server.key('read', 'write');
    const device = { name: 'tb-3' };
    const credentials = { credentialsType: 'ACCESS_TOKEN', credentialsId: 'tb-token-3' };
    const make = (body: object, key?: string) => script('POST', '/device-with-credentials', body, key);
    assert.equal((await make({ device, credentials }, token)).status, 200);
    for (const body of [{ device, credentials }, { device: { name: 'tb-4' }, credentials }, { device }, {}]) {
      const refused = await make(body, token);
      assert.deepEqual([refused.status, refused.body.errorCode], [400, 31]);
    }
    const nobody = await make({ device, credentials });
    assert.deepEqual([nobody.status, nobody.body.errorCode], [401, 10]);
    const reader = await make({ device, credentials }, await server.key('read'));
    assert.deepEqual([reader.status, reader.body.errorCode], [403, 20]);
    const wrong = await script('POST', '/auth/login', { username: 'x', password: 'guess' });
    assert.deepEqual([wrong.status, wrong.body.errorCode], [401, 10]);
    assert.equal((await script('GET', '/device/no-uuid', undefined, token)).status, 400);
    const path = `/device/${(await script('GET', '/tenant/devices?deviceName=tb-3', undefined, token)).body.id.id}/credentials`;
    assert.equal(
      (await script('GET', path, undefined, await server.key('read'))).status,
      403,
      'a token is a secret',
    );
  });
});
