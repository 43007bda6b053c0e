import Database from 'libsql';
import type pg from 'pg';
import type { DatabaseLocation, PostgresqlLocation, SqliteLocation } from './database-url.ts';
import { connectionConfig, driver } from './postgresql-connection.ts';

/**
 * A key of the installation, kept in the database so that every replica and every start has the same one; made on first
 * use. Two processes that make it at once end with one: the first insert stands.
 */
export function serverKey(location: DatabaseLocation, name: string, make: () => string): Promise<string> {
  return location.kind === 'sqlite' ? inSqlite(location, name, make) : inPostgresql(location, name, make);
}

async function inSqlite({ file }: SqliteLocation, name: string, make: () => string): Promise<string> {
  const database = new Database(file, { timeout: 10_000 });
  try {
    const select = database.prepare('SELECT value FROM server_key WHERE name = ?');
    const known = select.get(name) as { value: string } | undefined;
    if (known !== undefined) return known.value;
    database
      .prepare('INSERT INTO server_key (name, created_time, value) VALUES (?, ?, ?) ON CONFLICT DO NOTHING')
      .run(name, Date.now(), make());
    return (select.get(name) as { value: string }).value;
  } finally {
    database.close();
  }
}

async function inPostgresql(location: PostgresqlLocation, name: string, make: () => string): Promise<string> {
  const client = new (driver().Client)(connectionConfig(location, { connectMs: 5_000, answerMs: 10_000 }));
  // An error that strikes between two queries is also the next query's.
  client.on('error', () => undefined);
  try {
    await client.connect();
    const select = (): Promise<pg.QueryResult<{ value: string }>> =>
      client.query('SELECT value FROM server_key WHERE name = $1', [name]);
    const [known] = (await select()).rows;
    if (known !== undefined) return known.value;
    await client.query(
      'INSERT INTO server_key (name, created_time, value) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
      [name, Date.now(), make()],
    );
    return (await select()).rows[0]?.value as string;
  } finally {
    await client.end();
  }
}
