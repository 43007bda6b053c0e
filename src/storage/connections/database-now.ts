import type { PostgresqlLocation } from './database-url.ts';
import { connectionConfig, driver } from './postgresql-connection.ts';

/** The database server's own clock, in epoch milliseconds. @throws when it cannot be asked. */
export async function databaseNow(location: PostgresqlLocation): Promise<number> {
  const client = new (driver().Client)(
    connectionConfig(location, { connectMs: 3_000, answerMs: 3_000, readOnly: true }),
  );
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ now: string }>(
      'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now',
    );
    return Number(rows[0]?.now);
  } finally {
    client.end().catch(() => undefined);
  }
}
