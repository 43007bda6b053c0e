import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import pg from 'pg';
import type { PostgresqlLocation } from '../../../../src/storage/connections/database-url.ts';
import type { VectorStore } from '../../../support/memory-store.ts';
import { freshDatabase, type TestDatabase } from '../../../support/postgresql.ts';
import { contractTables } from './contract-tables.ts';

/** A database as ThingsBoard has it, and a user that `deploy/thingsboard/grants.sql` made. */
export interface ThingsBoardDatabase {
  /** As the user that may only read. */
  readonly location: PostgresqlLocation;
  readonly user: string;
  /** As ThingsBoard itself. */
  readonly sql: TestDatabase['sql'];
  /** Runs a file of `deploy/thingsboard`. */
  run(file: string): Promise<void>;
  /** Rows as a vector's store writes them down, in the place of all that is there. */
  fill(store: VectorStore): Promise<void>;
  drop(): Promise<void>;
}

const PASSWORD = 'only-for-this-test';

export async function thingsBoardDatabase(
  age: 'new' | 'old' = 'new',
  administrator?: string,
): Promise<ThingsBoardDatabase> {
  const database = await freshDatabase(administrator);
  for (const statement of contractTables(age)) await database.sql(statement);
  // Users belong to the whole server, which other tests share.
  const user = `thingpass_${randomUUID().replaceAll('-', '')}`;
  const deployed = (file: string): string =>
    readFileSync(new URL(`../../../../deploy/thingsboard/${file}`, import.meta.url), 'utf8');
  const grants = deployed('grants.sql')
    .replaceAll(/\bthingpass\b(?=[ ;])/g, user)
    .replace('CHANGE-ME', PASSWORD);
  await script(database.location.url, grants);
  const url = new URL(database.location.url);
  url.username = user;
  url.password = PASSWORD;
  return {
    location: { kind: 'postgresql', url: url.toString() },
    user,
    sql: database.sql,
    run: (file) => script(database.location.url, deployed(file)),
    fill: (store) => fill(database, store),
    async drop() {
      await database.sql(`DROP OWNED BY ${user}`);
      await database.drop();
      const server = new URL(database.location.url);
      server.pathname = '/postgres';
      await script(server.toString(), `DROP ROLE IF EXISTS ${user}`);
    },
  };
}

async function fill({ sql }: TestDatabase, store: VectorStore): Promise<void> {
  await sql('TRUNCATE device_credentials, device, device_profile');
  for (const { id, tenantId, name, transportType, ...rest } of store.profiles) {
    const { provisionType, provisionDeviceKey = null, profileData } = rest;
    await sql(
      `INSERT INTO device_profile (id, created_time, tenant_id, name, type, transport_type, provision_type,
        provision_device_key, profile_data) VALUES ($1, 1, $2, $3, 'DEFAULT', $4, $5, $6, $7)`,
      [id, tenantId, name, transportType, provisionType, provisionDeviceKey, profileData ?? {}],
    );
  }
  for (const { id, tenantId, name, deviceProfileId, additionalInfo } of store.devices) {
    const info =
      typeof additionalInfo === 'string' || additionalInfo === undefined
        ? (additionalInfo ?? null)
        : JSON.stringify(additionalInfo);
    await sql(
      'INSERT INTO device (id, created_time, tenant_id, name, device_profile_id, additional_info) VALUES ($1, 1, $2, $3, $4, $5)',
      [id, tenantId, name, deviceProfileId, info],
    );
  }
  for (const { deviceId, credentialsType, credentialsId, credentialsValue } of store.credentials) {
    await sql(
      `INSERT INTO device_credentials (id, created_time, device_id, credentials_type, credentials_id, credentials_value)
        VALUES ($1, 1, $2, $3, $4, $5)`,
      [randomUUID(), deviceId, credentialsType, credentialsId, credentialsValue],
    );
  }
}

/** Several statements at once, as `psql --file` sends them. */
async function script(url: string, text: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}
