import type { DatabaseLocation } from './database-url.ts';
import type { PrismaClient } from './generated/sqlite/client.ts';
import { migrationAdapter } from './migrations/adapter.ts';

export type { Prisma, PrismaClient } from './generated/sqlite/client.ts';

/**
 * Prisma's client for management. Imported when first asked for: it costs more than the whole start of the server.
 *
 * On SQLite use write-first array transactions (`$transaction([…])`) only: interactive ones begin deferred, and with
 * several processes most of them fail and leak their connection.
 */
export async function openPrisma(location: DatabaseLocation): Promise<PrismaClient> {
  const { PrismaClient } = await import('./generated/sqlite/client.ts');
  return new PrismaClient({ adapter: await migrationAdapter(location) });
}
