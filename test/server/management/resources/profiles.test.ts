import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { rootCertificates } from 'node:tls';
import { onEachDatabase } from '../../../storage/support/on-each-database.ts';
import { goldenBytes } from '../../../support/golden.ts';
import { apiServer } from '../support/api-server.ts';

const root = goldenBytes('pki/root.crt.pem').toString();

onEachDatabase((database) => {
  const server = apiServer(database, { THINGPASS_PROVISION_BROKERS: 'generic' });
  const call = (...args: Parameters<typeof server.api.call>) => server.api.call(...args);
  const chain = (more: object = {}) => ({
    type: 'X509_CERTIFICATE_CHAIN',
    certificate: root,
    pattern: '(.*)',
    allowCreate: true,
    ...more,
  });

  async function provision(key: string, secret: string, deviceName: string): Promise<string> {
    const response = await fetch(`${server.url}/api/v1/provision`, {
      method: 'POST',
      body: JSON.stringify({ provisionDeviceKey: key, provisionDeviceSecret: secret, deviceName }),
    });
    return ((await response.json()) as { status: string }).status;
  }

  test('a profile by which devices provision themselves shows its secret once', async () => {
    const provisioning = { type: 'ALLOW_CREATE_NEW_DEVICES' };
    const { body, headers } = await call('createProfile', { body: { name: 'self', provisioning } });
    const { profile, provisionSecret } = body;
    assert.equal(await provision(profile.provisioning.key, provisionSecret, 'came by itself'), 'SUCCESS');
    const shown = await call('getProfile', { path: { profile: 'self' } });
    assert.deepEqual(shown.body, profile);
    assert.equal(shown.headers.get('etag'), headers.get('etag'));
    assert.ok(!JSON.stringify(shown.body).includes(provisionSecret));

    const put = await call('putProfile', {
      path: { profile: profile.id },
      body: { name: 'self', provisioning },
    });
    assert.equal(put.body.provisionSecret, undefined, 'it stays as it was');
    assert.deepEqual(put.body.profile, profile);
    assert.equal(await provision(profile.provisioning.key, provisionSecret, 'another'), 'SUCCESS');
    const chosen = { ...provisioning, key: 'my-key', secret: 'my-secret' };
    const other = await call('putProfile', {
      path: { profile: profile.id },
      body: { name: 'self', provisioning: chosen },
    });
    assert.equal(other.body.provisionSecret, undefined, 'it was given');
    assert.equal(await provision(profile.provisioning.key, provisionSecret, 'too late'), 'NOT_FOUND');
    assert.equal(await provision('my-key', 'my-secret', 'in time'), 'SUCCESS');
    await server.api.refused('profile_in_use', 'deleteProfile', { path: { profile: 'self' } });
  });

  test('what could never be honoured is refused', async () => {
    const cases: readonly (readonly [object, RegExp])[] = [
      [{ provisioning: chain({ pattern: '.*' }) }, /no group/],
      [{ provisioning: chain({ pattern: '(' }) }, /pattern cannot be used/],
      [{ provisioning: chain({ pattern: '(a*)*b' }) }, /pattern cannot be used: it repeats/],
      [{ provisioning: chain({ pattern: '(a)(?=b)' }) }, /pattern cannot be used: looking ahead/],
      [{ provisioning: chain({ certificate: rootCertificates[0] }) }, /public authority/],
      [{ provisioning: chain({ certificate: 'no certificate' }) }, /cannot be read/],
      [{ transportType: 'COAP', mqtt: { telemetryTopic: 'a' } }, /transport type MQTT/],
      [{ mqtt: { telemetryTopic: 'a/#/b' } }, /no MQTT filter/],
      [{ mqtt: { attributesTopic: '+/(' } }, /could not use/],
    ];
    for (const [more, why] of cases) {
      const { status, body } = await server.api.refused('profile_invalid', 'createProfile', {
        body: { name: 'never', ...more },
      });
      assert.equal(status, 422);
      assert.match(body.detail, why);
    }
    await server.api.refused('name_invalid', 'createProfile', { body: { name: ' ' } });
    assert.deepEqual((await call('listProfiles', { query: { name: 'never' } })).body.items, []);
  });

  test('a certificate or key leads to one profile, and the other one is named', async () => {
    const { body } = await call('createProfile', { body: { name: 'by chain', provisioning: chain() } });
    assert.equal(body.profile.provisioning.pattern, '(.*)');
    assert.equal(body.provisionSecret, undefined);
    const again = { name: 'again', provisioning: chain({ allowCreate: false }) };
    const taken = await server.api.refused('provision_key_taken', 'createProfile', { body: again });
    assert.deepEqual(taken.body.takenBy, { id: body.profile.id, name: 'by chain' });
    assert.equal(
      (await server.api.refused('name_taken', 'createProfile', { body: { name: 'by chain' } })).status,
      409,
    );
    await call('deleteProfile', { path: { profile: 'by chain' } });
    await server.api.refused('profile_not_found', 'deleteProfile', { path: { profile: body.profile.id } });
    await call('createProfile', { body: again });
  });

  test('If-Match lets one of two win, and its absence lets the last', async () => {
    const path = { profile: randomUUID() };
    const first = await call('putProfile', { path, body: { name: 'raced' } });
    assert.equal(first.status, 201);
    const etag = first.headers.get('etag') as string;
    const races = await Promise.all(
      Array.from({ length: 5 }, (_, index) =>
        server.api.ask('putProfile', {
          path,
          body: { name: 'raced', description: `${index}` },
          headers: { 'if-match': etag },
        }),
      ),
    );
    assert.deepEqual(races.map(({ status }) => status).sort(), [200, 412, 412, 412, 412]);
    const winner = races.findIndex(({ status }) => status === 200);
    assert.equal((await call('getProfile', { path })).body.description, `${winner}`);
    await call('putProfile', { path, body: { name: 'raced' } });
    await call('putProfile', { path, body: { name: 'raced' }, headers: { 'if-match': '*' } });
    const absent = {
      path: { profile: randomUUID() },
      body: { name: 'absent' },
      headers: { 'if-match': '"1"' },
    };
    await server.api.refused('precondition_failed', 'putProfile', absent);
    await server.api.refused('precondition_failed', 'putProfile', {
      ...absent,
      headers: { 'if-match': 'W/"1"' },
    });
  });

  test('MQTT settings are ThingsBoard’s, and what else it keeps in a profile stays', async () => {
    const mqtt = { telemetryTopic: 'plant/+/data', sparkplug: false };
    const { body } = await call('createProfile', { body: { name: 'topics', mqtt } });
    assert.deepEqual([body.profile.transportType, body.profile.mqtt], ['MQTT', mqtt]);
    const { id } = body.profile;
    const [row] = await database.sql<{ profile_data: string | object }>(
      'SELECT profile_data FROM device_profile WHERE id = ?',
      id,
    );
    const data = typeof row?.profile_data === 'string' ? JSON.parse(row.profile_data) : row?.profile_data;
    assert.equal(data.transportConfiguration.deviceTelemetryTopic, 'plant/+/data');
    assert.equal(data.transportConfiguration.deviceAttributesTopic, 'v1/devices/me/attributes');
    data.alarms = [{ id: 'mine' }];
    data.transportConfiguration.sendAckOnValidationException = true;
    await database.sql('UPDATE device_profile SET profile_data = ? WHERE id = ?', JSON.stringify(data), id);
    await call('putProfile', { path: { profile: id }, body: { name: 'renamed', mqtt: {} } });
    const [after] = await database.sql<{ profile_data: string | object }>(
      'SELECT profile_data FROM device_profile WHERE id = ?',
      id,
    );
    const kept =
      typeof after?.profile_data === 'string' ? JSON.parse(after.profile_data) : after?.profile_data;
    assert.deepEqual(kept.alarms, [{ id: 'mine' }]);
    assert.equal(kept.transportConfiguration.sendAckOnValidationException, true);
    assert.equal(kept.transportConfiguration.deviceTelemetryTopic, 'v1/devices/me/telemetry');
  });

  test('profiles are listed by name, a page at a time, and the trail tells who changed them', async () => {
    for (const name of ['p-3', 'p-1', 'p-2']) await call('createProfile', { body: { name } });
    const names: string[] = [];
    for (let cursor: string | undefined; ; ) {
      const { body } = await call('listProfiles', { query: { limit: 2, ...(cursor ? { cursor } : {}) } });
      names.push(...body.items.map(({ name }: { name: string }) => name));
      cursor = body.next;
      if (cursor === undefined) break;
    }
    assert.deepEqual(
      names.filter((name) => name.startsWith('p-')),
      ['p-1', 'p-2', 'p-3'],
    );
    assert.equal(new Set(names).size, names.length);
    const { body } = await call('listAuditEvents', {
      query: { subjectType: 'profile', action: 'profile.deleted' },
    });
    assert.match(body.items[0].actor, /^api-key:key-\d+$/);
    assert.equal(body.items[0].origin, '127.0.0.1');
    assert.equal(body.items[0].detail.name, 'by chain');
  });
});
