import { randomUUID } from 'node:crypto';
import Database from 'libsql';
import pg from 'pg';
import type { DatabaseLocation } from '../../../src/storage/connections/database-url.ts';
import { migrate } from '../../../src/storage/migrations/apply.ts';
import { OWN_TENANT } from '../../../src/storage/repositories/tenant.ts';

/** Tokens are `fleet-0000000` and so on. */
export function tokenOf(index: number): string {
  return `fleet-${String(index).padStart(7, '0')}`;
}

const PROFILE = randomUUID();
/** Ids as text that count up, made by the database itself. */
const ID = "'00000000-0000-4000-8000-' || substr('000000000000' || n, -12)";
const NAME = "'fleet-' || substr('0000000' || n, -7)";

/**
 * Fills a new database with devices that have an access token each, by the database's own SQL: a million within a minute.
 * What the triggers note of it is taken away again, as nobody is there to hear it.
 */
export async function fillFleet(location: DatabaseLocation, size: number): Promise<void> {
  await migrate(location);
  if (location.kind === 'sqlite') fillSqlite(location.file, size);
  else await fillPostgresql(location.url, size);
}

function profileRow(isTrue: string): string {
  return `INSERT INTO device_profile (id, created_time, name, type, transport_type, provision_type, is_default, tenant_id, version)
    VALUES ('${PROFILE}', 0, 'fleet', 'DEFAULT', 'DEFAULT', 'DISABLED', ${isTrue}, '${OWN_TENANT}', 1)`;
}

function fillSqlite(file: string, size: number): void {
  const database = new Database(file);
  const series = `WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${size - 1})`;
  database.exec('PRAGMA synchronous = OFF');
  database.exec(profileRow('0'));
  database.exec(
    `INSERT INTO device (id, created_time, device_profile_id, type, name, tenant_id, version)
     ${series} SELECT ${ID}, 0, '${PROFILE}', 'fleet', ${NAME}, '${OWN_TENANT}', 1 FROM numbers`,
  );
  database.exec(
    `INSERT INTO device_credentials (id, created_time, credentials_id, credentials_type, device_id, version)
     ${series} SELECT ${ID}, 0, ${NAME}, 'ACCESS_TOKEN', ${ID}, 1 FROM numbers`,
  );
  database.exec('DELETE FROM "change"');
  database.exec('ANALYZE');
  database.close();
}

async function fillPostgresql(url: string, size: number): Promise<void> {
  const client = new pg.Client(url);
  await client.connect();
  const id = `('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))`;
  const name = `('fleet-' || lpad(n::text, 7, '0'))`;
  const series = `FROM generate_series(0, ${size - 1}) AS n`;
  await client.query(`SET session_replication_role = replica`);
  await client.query(profileRow('false'));
  await client.query(
    `INSERT INTO device (id, created_time, device_profile_id, type, name, tenant_id, version)
     SELECT ${id}::uuid, 0, '${PROFILE}', 'fleet', ${name}, '${OWN_TENANT}', 1 ${series}`,
  );
  await client.query(
    `INSERT INTO device_credentials (id, created_time, credentials_id, credentials_type, device_id, version)
     SELECT ${id}::uuid, 0, ${name}, 'ACCESS_TOKEN', ${id}::uuid, 1 ${series}`,
  );
  await client.query('ANALYZE');
  await client.end();
}
