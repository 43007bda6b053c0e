import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { RuleService } from '../../src/fleet/devices/rule-service.ts';
import { databaseClient } from '../../src/storage/connections/prisma.ts';
import { openManagementStore } from '../../src/storage/repositories/management-store.ts';
import { eventually } from '../storage/support/eventually.ts';
import { type EachDatabase, onEachDatabase } from '../storage/support/on-each-database.ts';
import { LIFE, serviceOf } from '../support/device-service.ts';
import { without } from '../support/machine.ts';
import { freshDatabase, OwnPostgresql } from '../support/postgresql.ts';
import { OpenedDevices } from '../support/prisma.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const actor = { name: 'test', origin: 'here' };
const allow = (filter: string, more: object = {}) => ({
  permission: 'allow',
  action: 'all',
  filter,
  ...more,
});
const deny = (filter: string, more: object = {}) => ({ permission: 'deny', action: 'all', filter, ...more });

function urlOf({ location }: Pick<EachDatabase, 'location'>): string {
  return location.kind === 'sqlite' ? `file:${location.file}` : location.url;
}

async function addPump(server: TestServer): Promise<void> {
  const devices = await OpenedDevices.open(server.config.database);
  const request = { kind: 'access_token', token: 'pump-token' } as const;
  await serviceOf(devices).create({ name: 'pump', profileName: 'pumps', gateway: false, request });
  await devices.close();
}

async function may(server: TestServer, topic: string): Promise<boolean> {
  const response = await fetch(`${server.url}/v1/authorize`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'pump-token', clientId: 'c', action: 'publish', topic }),
  });
  return ((await response.json()) as { result: string }).result === 'allow';
}

onEachDatabase((database) => {
  test('every process obeys a rule within a second of its change', async (context) => {
    const file = join(temporaryFolder(), 'rules.yaml');
    writeFileSync(file, 'rules:\n  - { permission: deny, action: all, filter: both/secret }\n');
    const first = await startTestServer({ DATABASE_URL: urlOf(database), THINGPASS_RULES_FILE: file });
    const second = await startTestServer({ DATABASE_URL: urlOf(database) });
    await addPump(first);
    const client = databaseClient(first.config.database);
    const store = await openManagementStore(client, LIFE);
    context.after(async () => {
      await client.close();
      await first.close();
      await second.close();
    });
    const rules: RuleService = store.rules;
    const everywhere = (topic: string, allowed: boolean) =>
      eventually(async () => {
        for (const server of [first, second]) assert.equal(await may(server, topic), allowed, topic);
      });

    assert.equal(await may(second, 'both/secret'), false);
    const global = await rules.create(allow('both/#'), actor);
    await everywhere('both/x', true);
    assert.equal(await may(first, 'both/secret'), false, 'the file’s rules come first');
    assert.equal(await may(second, 'both/secret'), true, 'where there is no file, there is no such rule');

    await rules.create(deny('both/x', { device: 'pump' }), actor);
    await rules.create(allow('own/#', { device: 'pump' }), actor);
    await everywhere('own/x', true);
    assert.equal(await may(first, 'both/x'), true, 'a global rule comes before a device’s');
    await rules.create(deny('own/x', { profile: 'pumps' }), actor);
    await everywhere('own/x', false);

    await rules.replace(global.id, allow('other/#'), actor);
    await everywhere('both/x', false);
    await everywhere('other/x', true);
    await rules.remove(global.id, actor);
    await everywhere('other/x', false);

    // As an operator with SQL would: what cannot be used is refused with its reason, and what was there stays.
    await database.sql(
      "INSERT INTO access_rule (id, created_time, position, permission, action, filter) VALUES ('bad', 1, 0, 'allow', 'all', 'a/#/b')",
    );
    await eventually(async () => {
      const line = first.logged.find(({ msg }) => /those before stay in force/.test(String(msg)));
      assert.match(JSON.stringify(line?.problems), /rule bad in the database: .*not a valid topic filter/);
    });
    assert.equal(await may(first, 'own/y'), true);
    await assert.rejects(startTestServer({ DATABASE_URL: urlOf(database) }), /rule bad in the database/);
    await database.sql("UPDATE access_rule SET filter = 'a/#' WHERE id = 'bad'");
    await everywhere('a/b', true);
  });
});

test('while the database is gone, the last known rules stay in force', {
  skip: without('postgresql'),
}, async (context) => {
  const postgresql = await OwnPostgresql.start();
  const database = await freshDatabase(postgresql.url);
  const server = await startTestServer({ DATABASE_URL: database.location.url });
  context.after(async () => {
    await server.close();
    await postgresql.stop();
  });
  await addPump(server);
  const add = (filter: string) =>
    database.sql(
      "INSERT INTO access_rule (id, created_time, position, permission, action, filter) VALUES ($1, 1, 0, 'allow', 'all', $1)",
      [filter],
    );
  await add('before/#');
  await eventually(async () => assert.equal(await may(server, 'before/x'), true));
  await postgresql.stop();
  assert.equal(await may(server, 'before/x'), true);
  assert.equal(await may(server, 'after/x'), false);
  await postgresql.resume();
  await add('after/#');
  await eventually(async () => assert.equal(await may(server, 'after/x'), true), 3_000);
  assert.equal(await may(server, 'before/x'), true);
});
