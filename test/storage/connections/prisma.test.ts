import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { databaseClient, withDatabase } from '../../../src/storage/connections/prisma.ts';
import { migrate } from '../../../src/storage/migrations/apply.ts';
import { freshDatabase, type TestDatabase, withoutPostgresql } from '../../support/postgresql.ts';

/* PostgreSQL tells how many connections there are. */
describe('the client of a database', { skip: await withoutPostgresql() }, () => {
  let database: TestDatabase;
  before(async () => {
    database = await freshDatabase();
    await migrate(database.location);
    await becomes(0);
  });
  after(() => database.drop());

  async function connections(): Promise<number> {
    const rows = await database.sql(
      "SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'thingpass'",
    );
    return rows.length;
  }

  /** A connection that was closed here is there for some moments more. */
  async function becomes(count: number): Promise<void> {
    while ((await connections()) !== count);
  }

  test('is made when somebody asks, once for all, and closed', async () => {
    const client = databaseClient(database.location);
    await client.close();
    assert.equal(await connections(), 0);
    const [one, other] = await Promise.all([client.open(), client.open()]);
    assert.equal(one, other);
    await one.device.count();
    await other.deviceProfile.count();
    assert.equal(await connections(), 1);
    await client.close();
    await becomes(0);
  });

  test('is closed also when what was done with it fails', async () => {
    const failing = withDatabase(database.location, async (prisma) => {
      assert.equal(await prisma.device.count(), 0);
      throw new Error('as it happens');
    });
    await assert.rejects(failing, /as it happens/);
    await becomes(0);
  });

  test('writes nothing where it may only read', async () => {
    const writing = withDatabase(
      database.location,
      (prisma) => prisma.serverAttribute.create({ data: { deviceId: ID, key: 'key', value: 'value' } }),
      { readOnly: true },
    );
    await assert.rejects(writing, /read-only transaction/);
  });
});

const ID = '00000000-0000-4000-8000-000000000000';
