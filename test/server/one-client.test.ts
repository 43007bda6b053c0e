import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { onEachDatabase } from '../storage/support/on-each-database.ts';
import { openHandles } from '../support/open-handles.ts';
import { apiServer } from './management/support/api-server.ts';

/* Management, provisioning and what follows from logins share one client of the database, whose connections are few. */

onEachDatabase((database) => {
  const server = apiServer(database, { THINGPASS_PROVISION_BROKERS: 'generic' });

  /** Of the whole process, which is the server. */
  async function connections(): Promise<number> {
    if (database.location.kind === 'sqlite') return openHandles(database.location.file);
    const rows = await database.sql(
      "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'thingpass'",
    );
    return rows.length;
  }

  async function actions(): Promise<string[]> {
    const { body } = await server.api.call('listAuditEvents');
    return body.items.map(({ action }: { readonly action: string }) => action);
  }

  test('all that is done one after the other is done over the same connections', async () => {
    const before = await connections();
    const credentials = { kind: 'access_token', token: 'the token before' };
    await server.api.call('createDevice', { body: { name: 'pump', credentials } });
    const { body } = await server.api.call('rotateCredentials', {
      path: { device: 'pump' },
      body: { endsOnFirstUse: true },
    });
    // The first use of the new token ends the old one, which is written after the login.
    assert.ok(await server.connects({ username: body.secret.value }));
    while (!(await actions()).includes('credentials.ended')) await turn();
    await fetch(`${server.url}/api/v1/provision`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ provisionDeviceKey: 'none', provisionDeviceSecret: 'none', deviceName: 'new' }),
    });
    // PostgreSQL's are those of one pool. SQLite's driver closes connections of the start late, so there may be fewer.
    const most = database.kind === 'sqlite' ? 1 : 6;
    const more = (await connections()) - before;
    assert.ok(more <= most, `${more} connections more`);
  });
});
