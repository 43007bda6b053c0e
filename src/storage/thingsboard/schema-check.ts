import pg from 'pg';
import type { PostgresqlLocation } from '../database-url.ts';
import { connectionConfig } from '../postgresql-connection.ts';

/** The columns that deciding reads (`credentials/thingsboard.md` section 10). */
const NEEDED: Readonly<Record<string, readonly string[]>> = {
  device_credentials: ['id', 'credentials_id', 'credentials_type', 'credentials_value', 'device_id'],
  device: ['id', 'name', 'tenant_id', 'additional_info', 'device_profile_id', 'label', 'created_time'],
  device_profile: ['id', 'name', 'transport_type', 'profile_data'],
};

/** ThingsBoard's database cannot be read as it is; one sentence for each thing that is missing. */
export class ThingsBoardSchemaProblem extends Error {
  override readonly name = 'ThingsBoardSchemaProblem';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`ThingsBoard's database cannot be used:\n${problems.map((one) => `  - ${one}`).join('\n')}`);
    this.problems = problems;
  }
}

const COLUMNS = `SELECT a.attname AS name, has_column_privilege(a.attrelid, a.attnum, 'SELECT') AS readable
  FROM pg_attribute a WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped`;

/**
 * Looks whether everything that deciding reads is there and may be read.
 * @throws {ThingsBoardSchemaProblem} naming all that is missing, with the grant that would help.
 */
export async function checkThingsBoardSchema(location: PostgresqlLocation): Promise<void> {
  const client = new pg.Client(connectionConfig(location, { connectMs: 5_000, answerMs: 10_000 }));
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ user: string }>('SELECT current_user AS user');
    const problems: string[] = [];
    for (const [table, columns] of Object.entries(NEEDED)) {
      const result = await client.query<{ name: string; readable: boolean }>(COLUMNS, [table]);
      problems.push(...problemsOf(table, columns, result.rows, rows[0]?.user ?? ''));
    }
    if (problems.length > 0) throw new ThingsBoardSchemaProblem(problems);
  } finally {
    await client.end().catch(() => undefined);
  }
}

function problemsOf(
  table: string,
  needed: readonly string[],
  there: readonly { readonly name: string; readonly readable: boolean }[],
  user: string,
): string[] {
  if (there.length === 0)
    return [`there is no table ${table} that the user ${user} can see: is this ThingsBoard's database?`];
  const byName = new Map(there.map((column) => [column.name, column.readable]));
  const missing = needed.filter((name) => !byName.has(name));
  const forbidden = needed.filter((name) => byName.get(name) === false);
  return [
    ...missing.map((name) => `the table ${table} has no column ${name}`),
    ...(forbidden.length === 0
      ? []
      : [
          `the user ${user} may not read ${forbidden.join(', ')} of ${table}: GRANT SELECT ON ${table} TO ${user}`,
        ]),
  ];
}
