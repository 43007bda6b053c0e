import type { SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils';
import type { DatabaseLocation } from '../database-url.ts';

/**
 * The Prisma driver adapter for a database, imported only when asked for: serving needs none, so start-up stays quick.
 * SQLite's own wait for another process's write lock blocks the event loop, so it is short; `retryWhileBusy` does the rest.
 */
export async function migrationAdapter(
  location: DatabaseLocation,
): Promise<SqlMigrationAwareDriverAdapterFactory> {
  if (location.kind === 'sqlite') {
    const { PrismaLibSql } = await import('@prisma/adapter-libsql');
    const url = location.file === ':memory:' ? ':memory:' : `file:${location.file}`;
    return new PrismaLibSql({ url, timeout: 50 });
  }
  throw new Error('PostgreSQL is not supported yet');
}
