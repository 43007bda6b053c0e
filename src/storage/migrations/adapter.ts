import type { SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils';
import type { DatabaseLocation } from '../connections/database-url.ts';
import { connectionConfig, schemaOf } from '../connections/postgresql-connection.ts';

/** Management is seldom and short; PostgreSQL's connections are for deciding, and there are a hundred of them for all. */
const MANAGEMENT_CONNECTIONS = 3;

/**
 * The Prisma driver adapter for a database, imported only when asked for: serving needs none, so start-up stays quick.
 * SQLite's own wait for another process's write lock blocks the event loop, so it is short; `retryWhileBusy` does the rest.
 */
export async function migrationAdapter(
  location: DatabaseLocation,
  { readOnly = false }: { readonly readOnly?: boolean } = {},
): Promise<SqlMigrationAwareDriverAdapterFactory> {
  if (location.kind === 'sqlite') {
    const { OneConnectionLibSql } = await import('../connections/one-connection.ts');
    const url = location.file === ':memory:' ? ':memory:' : `file:${location.file}`;
    return new OneConnectionLibSql({ url, timeout: 50 });
  }
  const { PrismaPg } = await import('@prisma/adapter-pg');
  const schema = schemaOf(location);
  const factory = new PrismaPg(
    { ...connectionConfig(location, { connectMs: 5_000, readOnly }), max: MANAGEMENT_CONNECTIONS },
    {
      ...(schema === undefined ? {} : { schema }),
      // A connection that breaks while it idles is replaced by the pool; whoever asks next hears of trouble that stays.
      onPoolError: () => undefined,
      onConnectionError: () => undefined,
    },
  );
  const connect = factory.connect.bind(factory);
  factory.connect = async () => {
    const adapter = await connect();
    // The adapter cuts a script at every semicolon, also inside a function. Sent whole, it is one transaction too.
    adapter.executeScript = async (script) => {
      await adapter.underlyingDriver().query(script);
    };
    return adapter;
  };
  return factory;
}
