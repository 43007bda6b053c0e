import assert from 'node:assert/strict';
import { test } from 'node:test';
import { migrate } from '../../../src/storage/migrations/apply.ts';
import { migrationNames } from '../../../src/storage/migrations/files.ts';
import { openStorage } from '../../../src/storage/reading/storage.ts';
import { freshDatabase, withoutPostgresql } from '../../support/postgresql.ts';
import { OpenedDevices } from '../../support/prisma.ts';

const skip = await withoutPostgresql();

test('replicas that start together migrate once', { skip }, async () => {
  const database = await freshDatabase();
  const applied = await Promise.all([1, 2, 3].map(() => migrate(database.location)));
  assert.deepEqual(applied.flat().sort(), migrationNames('postgresql'));
  await database.drop();
});

test('a schema of one’s own can be named, and writers with another search path are heard', {
  skip,
}, async () => {
  const database = await freshDatabase();
  await database.sql('CREATE SCHEMA "Own"');
  const location = { kind: 'postgresql', url: `${database.location.url}?schema=Own` } as const;
  const storage = await openStorage(location);
  const devices = await OpenedDevices.open(location);
  await devices.create({
    name: 'housed',
    profileName: 'default',
    credentials: { credentialsType: 'ACCESS_TOKEN', credentialsId: 'housed', credentialsValue: null },
  });
  assert.ok((await storage.credentials.findByCredentialsIds(['housed'])).has('housed'));
  assert.deepEqual(await database.sql("SELECT to_regclass('public.device') AS found"), [{ found: null }]);
  await database.sql('UPDATE "Own".device_credentials SET credentials_id = $1', ['renamed']);
  const changes = await database.sql<{ keys: string }>(
    'SELECT keys FROM "Own".change ORDER BY seq DESC LIMIT 2',
  );
  assert.deepEqual(
    changes.map(({ keys }) => keys.replaceAll(' ', '')),
    ['["renamed"]', '{"gone":["housed"]}'],
  );
  await devices.close();
  await storage.close();
  await database.drop();
});
