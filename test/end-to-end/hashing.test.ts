import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import Database from 'libsql';
import { PASSWORD_KEPT_ELSEWHERE } from '../../src/engine/credentials/verify-secret.ts';
import { createSecretSchemes } from '../../src/engine/secrets/secret-schemes.ts';
import { serviceOf } from '../support/device-service.ts';
import { OpenedDevices } from '../support/prisma.ts';
import { startTestServer } from '../support/server.ts';

test('hashed passwords kept beside a credential let in, several at once, and nothing else does', async (context) => {
  const secrets = createSecretSchemes();
  const server = await startTestServer();
  context.after(() => Promise.all([server.close(), secrets.close()]));
  const { database } = server.config;
  assert.ok(database.kind === 'sqlite');
  const devices = await OpenedDevices.open(database);
  const request = { kind: 'mqtt_basic', userName: 'meter', password: 'replaced' } as const;
  await serviceOf(devices).create({ name: 'meter', profileName: 'default', gateway: false, request });
  await devices.close();

  const value = JSON.stringify({ clientId: null, userName: 'meter', password: PASSWORD_KEPT_ELSEWHERE });
  const hashes = [
    await secrets.hashChosen('chosen by me'),
    secrets.hashGenerated('generated-for-me-0123456789'),
  ];
  const direct = new Database(database.file, { timeout: 1_000 });
  direct.prepare('UPDATE device_credentials SET credentials_value = ?').run(value);
  direct.prepare('DELETE FROM credentials_secret').run();
  const row = direct.prepare('SELECT id FROM device_credentials').get() as { id: string };
  for (const hash of hashes) {
    direct
      .prepare(
        'INSERT INTO credentials_secret (id, device_credentials_id, created_time, hash) VALUES (?, ?, 1, ?)',
      )
      .run(randomUUID(), row.id, hash);
  }
  direct.close();

  const connect = async (password: string | undefined): Promise<string> => {
    const response = await fetch(`${server.url}/v1/connect`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username: 'meter', password }),
    });
    return ((await response.json()) as { reason?: string }).reason ?? 'allowed';
  };
  assert.equal(await connect('chosen by me'), 'allowed');
  assert.equal(await connect('generated-for-me-0123456789'), 'allowed');
  for (const wrong of ['replaced', PASSWORD_KEPT_ELSEWHERE, hashes[0], '', undefined]) {
    assert.equal(await connect(wrong), 'password_mismatch', wrong);
  }
});
