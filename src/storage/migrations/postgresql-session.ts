import type pg from 'pg';
import type { PostgresqlLocation } from '../connections/database-url.ts';
import { connectionConfig, driver, schemaOf } from '../connections/postgresql-connection.ts';
import type { MigrationSession } from './migration-session.ts';
import {
  CREATE_MIGRATIONS_TABLE,
  type MigrationRow,
  READ_MIGRATIONS,
  refuseForeign,
} from './migrations-table.ts';

/** Codes for a table, column, function or other object that is there already (PostgreSQL, appendix A). */
const DUPLICATES: readonly unknown[] = ['42P07', '42701', '42723', '42710'];
const UNIQUE_VIOLATION = '23505';

const FAILED =
  "SELECT FROM _prisma_migrations WHERE migration_name = $1 AND finished_at IS NULL AND logs <> ''";

/** `to_regclass` may say what was so before the transaction began, when the lock was waited for since. */
const TABLE = "SELECT FROM pg_class WHERE relname = '_prisma_migrations' AND pg_table_is_visible(oid)";

/** Tables of extensions are nobody's. */
const TABLES = `SELECT relname AS name FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
  WHERE nspname = current_schema() AND relkind IN ('r', 'p')
    AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e')`;

export async function openPostgresqlSession(location: PostgresqlLocation): Promise<MigrationSession> {
  const client = new (driver().Client)(connectionConfig(location, { connectMs: 5_000 }));
  client.on('error', () => undefined);
  await client.connect();
  return {
    rows: async () => {
      if ((await client.query(TABLE)).rowCount === 0) return undefined;
      return (await client.query<MigrationRow>(READ_MIGRATIONS)).rows;
    },
    begin: async () => {
      // After waiting for the lock, this transaction must see what was written meanwhile, whatever the database's default is.
      await client.query('BEGIN ISOLATION LEVEL READ COMMITTED');
      await client.query("SELECT pg_advisory_xact_lock(hashtext('thingpass migrations'))");
    },
    createTable: async () => {
      await createSchema(client, location);
      refuseForeign((await client.query<{ name: string }>(TABLES)).rows);
      await client.query(CREATE_MIGRATIONS_TABLE.postgresql);
    },
    apply: async ({ sql }) => void (await client.query(sql)),
    complete: async ({ name, sql }) => {
      // Older versions sent a migration whole too, which is one transaction: all of it was done or nothing.
      await client.query('SAVEPOINT before_migration');
      try {
        await client.query(sql);
      } catch (error) {
        await client.query('ROLLBACK TO SAVEPOINT before_migration');
        if (!isThereAlready(error as pg.DatabaseError)) throw error;
        // Where it had failed, it is not its own work that stands in the way.
        if ((await client.query(FAILED, [name])).rowCount !== 0) throw error;
      }
      return true;
    },
    run: async (statement, ...values) =>
      void (await client.query(statement.replace(/\?(?=\d)/g, '$'), [...values])),
    close: () => client.end(),
  };
}

/** In the catalog it was made at the same time, as a killed process leaves its last script running in the database server. */
function isThereAlready({ code, schema }: pg.DatabaseError): boolean {
  return DUPLICATES.includes(code) || (code === UNIQUE_VIOLATION && schema === 'pg_catalog');
}

/** A schema that is there needs no right to make one. */
async function createSchema(client: pg.Client, location: PostgresqlLocation): Promise<void> {
  const schema = schemaOf(location);
  const { rows } = await client.query<{ found: string | null }>('SELECT current_schema() AS found');
  if (schema !== undefined && rows[0]?.found === null)
    await client.query(`CREATE SCHEMA ${client.escapeIdentifier(schema)}`);
}
