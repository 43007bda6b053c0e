import type { SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils';
import type { DatabaseLocation } from '../database-url.ts';

/**
 * The Prisma driver adapter for a database, imported only when asked for: serving needs none, so start-up stays quick.
 * `timeout` is how long SQLite waits for another process's write lock, in milliseconds.
 */
export async function migrationAdapter(
  location: DatabaseLocation,
): Promise<SqlMigrationAwareDriverAdapterFactory> {
  if (location.kind === 'sqlite') {
    const { PrismaLibSql } = await import('@prisma/adapter-libsql');
    const url = location.file === ':memory:' ? ':memory:' : `file:${location.file}`;
    return new PrismaLibSql({ url, timeout: 10_000 });
  }
  throw new Error('PostgreSQL is not supported yet');
}
