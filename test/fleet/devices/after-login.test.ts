import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PASSWORD_KEPT_ELSEWHERE } from '../../../src/engine/credentials/verify-secret.ts';
import { hashProvisionally } from '../../../src/engine/secrets/emqx-password.ts';
import { eventually } from '../../storage/support/eventually.ts';
import { onEachDatabase } from '../../storage/support/on-each-database.ts';
import { startLivingDevices } from '../../support/living-devices.ts';

interface Row {
  readonly credentials_value: string;
  readonly version: number;
  readonly hash: string | null;
}

onEachDatabase((database) => {
  const rowsOf = (userName: string): Promise<Row[]> =>
    database.sql<Row>(
      `SELECT c.credentials_value, c.version, s.hash FROM device_credentials c
       LEFT JOIN credentials_secret s ON s.device_credentials_id = c.id WHERE c.credentials_id = ?`,
      userName,
    );

  test('a good login brings plain text and old hashes to today’s form, once', async (context) => {
    const living = await startLivingDevices(database.location);
    context.after(() => living.close());
    const { repository } = living;
    const basicValue = (userName: string, password: string) =>
      JSON.stringify({ clientId: null, userName, password });
    const create = (userName: string, password: string, hash?: string) =>
      repository.create({
        name: userName,
        profileName: 'default',
        credentials: {
          credentialsType: 'MQTT_BASIC',
          credentialsId: userName,
          credentialsValue: basicValue(userName, password),
          secrets: hash === undefined ? undefined : [{ hash }],
        },
      });
    await create('plain', 'as in ThingsBoard');
    await create('old', PASSWORD_KEPT_ELSEWHERE, hashProvisionally('as in EMQX'));

    assert.equal((await living.connect({ username: 'plain', password: 'wrong' })).result, 'deny');
    assert.equal((await living.connect({ username: 'old', password: 'wrong' })).result, 'deny');
    assert.equal((await rowsOf('plain'))[0]?.credentials_value, basicValue('plain', 'as in ThingsBoard'));

    for (const [username, password] of [
      ['plain', 'as in ThingsBoard'],
      ['old', 'as in EMQX'],
    ] as const) {
      const all = await Promise.all(Array.from({ length: 8 }, () => living.connect({ username, password })));
      assert.ok(all.every(({ result }) => result === 'allow'));
      await eventually(async () => {
        const [row, ...others] = await rowsOf(username);
        assert.match(String(row?.hash), /^\$scrypt\$/);
        assert.deepEqual(others, []);
        assert.deepEqual(JSON.parse(String(row?.credentials_value)).password, PASSWORD_KEPT_ELSEWHERE);
      });
      const before = await rowsOf(username);
      assert.equal((await living.becomes({ username, password }, 'allow')).result, 'allow');
      await living.becomes({ username, password: 'wrong' }, 'deny');
      assert.deepEqual(await rowsOf(username), before, 'nothing more to do');
    }
    const upgraded = await database.sql(
      "SELECT 1 FROM audit_event WHERE action = 'credentials.password_upgraded'",
    );
    assert.equal(upgraded.length, 2);
  });
});

onEachDatabase((database) => {
  test('where passwords are not to be upgraded, rows stay as they are', async (context) => {
    const living = await startLivingDevices(database.location, { upgrade: false });
    context.after(() => living.close());
    const credentialsValue = JSON.stringify({ clientId: null, userName: 'kept', password: 'plain' });
    await living.repository.create({
      name: 'kept',
      profileName: 'default',
      credentials: { credentialsType: 'MQTT_BASIC', credentialsId: 'kept', credentialsValue },
    });
    for (let count = 0; count < 3; count++)
      assert.equal((await living.connect({ username: 'kept', password: 'plain' })).result, 'allow');
    await new Promise((resolve) => setTimeout(resolve, 300));
    const [row] = await database.sql<{ credentials_value: string }>(
      "SELECT credentials_value FROM device_credentials WHERE credentials_id = 'kept'",
    );
    assert.equal(row?.credentials_value, credentialsValue);
  });
});
