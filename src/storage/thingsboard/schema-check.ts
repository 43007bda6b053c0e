import type pg from 'pg';
import { ThingPassError } from '../../model/errors.ts';
import type { PostgresqlLocation } from '../connections/database-url.ts';
import { connectionConfig, driver } from '../connections/postgresql-connection.ts';

/**
 * The columns that are read (`engine/credentials/thingsboard.md` section 10), all of them as old as device profiles themselves
 * (ThingsBoard 3.2): newer ones, such as `version` and `external_id`, are not asked for.
 */
const THINGSBOARD_COLUMNS: Readonly<Record<string, readonly string[]>> = {
  device_credentials: [
    'id',
    'created_time',
    'credentials_id',
    'credentials_type',
    'credentials_value',
    'device_id',
  ],
  device: ['id', 'created_time', 'name', 'label', 'tenant_id', 'additional_info', 'device_profile_id'],
  device_profile: [
    'id',
    'name',
    'tenant_id',
    'transport_type',
    'provision_type',
    'provision_device_key',
    'profile_data',
  ],
};

/** ThingsBoard's database cannot be read as it is. @param problems one sentence for each thing that is missing, without secrets. */
export function thingsBoardUnreadable(problems: readonly string[]): ThingPassError<'thingsboard_unreadable'> {
  const list = problems.map((one) => `  - ${one}`).join('\n');
  return new ThingPassError('thingsboard_unreadable', `ThingsBoard's database cannot be used:\n${list}`, {
    problems,
  });
}

interface Asking {
  /** The user and the database, quoted as SQL needs them. */
  readonly user: string;
  readonly database: string;
  readonly standby: boolean;
}

interface Column {
  readonly name: string;
  readonly readable: boolean;
}

const WHO = `SELECT quote_ident(current_user) AS "user", quote_ident(current_database()) AS database,
  pg_is_in_recovery() AS standby`;

/** The table that the search path leads to; where it leads to none, one of this name in another schema. */
const TABLE = `SELECT quote_ident(n.nspname) AS schema, c.oid::text AS oid, c.oid = to_regclass(quote_ident($1)) AS reached
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
  ORDER BY reached DESC NULLS LAST, n.nspname = 'public' DESC LIMIT 1`;

const COLUMNS = `SELECT attname AS name, has_column_privilege(attrelid, attnum, 'SELECT') AS readable
  FROM pg_attribute WHERE attrelid = $1::oid AND attnum > 0 AND NOT attisdropped`;

/**
 * Looks whether everything that is read is there and may be read.
 * @returns whether it is a standby server, which lets nobody listen.
 * @throws {ThingPassError} `thingsboard_unreadable` naming all that is missing, with the statement that mends it where there is one.
 */
export async function checkThingsBoardSchema(
  location: PostgresqlLocation,
): Promise<{ readonly standby: boolean }> {
  const client = new (driver().Client)(connectionConfig(location, { connectMs: 5_000, answerMs: 10_000 }));
  client.on('error', () => undefined);
  try {
    await connect(client, location);
    const [asking] = (await client.query<Asking>(WHO)).rows as [Asking];
    const problems: string[] = [];
    for (const [table, columns] of Object.entries(THINGSBOARD_COLUMNS)) {
      problems.push(...(await problemsOf(client, table, columns, asking)));
    }
    if (problems.length > 0) throw thingsBoardUnreadable(problems);
    return { standby: asking.standby };
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function connect(client: pg.Client, location: PostgresqlLocation): Promise<void> {
  try {
    await client.connect();
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    const { hostname, port, username, pathname } = new URL(location.url);
    if (code === '42501') {
      const grant = `GRANT CONNECT ON DATABASE ${quote(pathname.slice(1))} TO ${quote(username)}`;
      throw thingsBoardUnreadable([`the user may not connect: ${grant}`]);
    }
    // The server's own words name no password; neither do Node's.
    const why = message || code;
    throw thingsBoardUnreadable([`no connection to ${hostname}:${port || 5432}: ${why}`]);
  }
}

async function problemsOf(
  client: pg.Client,
  table: string,
  needed: readonly string[],
  { user, database }: Asking,
): Promise<string[]> {
  interface Found {
    readonly schema: string;
    readonly oid: string;
    readonly reached: boolean | null;
  }
  const [found] = (await client.query<Found>(TABLE, [table])).rows;
  if (found === undefined)
    return [`there is no table ${table} in the database ${database}: is it ThingsBoard's?`];
  const { schema } = found;
  if (found.reached !== true) {
    return [
      `the user ${user} does not reach the table ${table} of the schema ${schema}: GRANT USAGE ON SCHEMA ${schema} TO ${user}, and name the schema in the URL if it is not on the search path: ?schema=${schema}`,
    ];
  }
  const there = (await client.query<Column>(COLUMNS, [found.oid])).rows;
  const byName = new Map(there.map((column) => [column.name, column.readable]));
  const missing = needed.filter((name) => !byName.has(name));
  const forbidden = needed.filter((name) => byName.get(name) === false);
  const grant = `GRANT SELECT ON ${schema}.${table} TO ${user}`;
  return [
    ...missing.map((name) => `the table ${table} has no column ${name}: ThingsBoard 3.2 and later have it`),
    ...(forbidden.length === 0
      ? []
      : [`the user ${user} may not read ${forbidden.join(', ')} of ${table}: ${grant}`]),
  ];
}

/** A name as SQL needs it, out of a URL. */
function quote(part: string): string {
  const name = decodeURIComponent(part);
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}
