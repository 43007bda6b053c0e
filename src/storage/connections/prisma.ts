import type { PrismaClient } from '../generated/sqlite/client.ts';
import { migrationAdapter } from '../migrations/adapter.ts';
import type { DatabaseLocation } from './database-url.ts';

export type { Prisma, PrismaClient } from '../generated/sqlite/client.ts';

/**
 * Prisma's client for management. Imported when first asked for: it costs more than the whole start of the server.
 *
 * Use write-first array transactions (`$transaction([…])`) only: on SQLite interactive ones begin deferred, and with several
 * processes most of them fail.
 *
 * Both databases have the same models (a test holds them equal), so repositories are written once, against the client for
 * SQLite, which is the narrower one: what it can do, PostgreSQL's can. What differs at run time is that PostgreSQL refuses an
 * id that is no UUID; see `util/uuid.ts`.
 */
export async function openPrisma(
  location: DatabaseLocation,
  request: { readonly readOnly?: boolean } = {},
): Promise<PrismaClient> {
  const adapter = await migrationAdapter(location, request);
  if (location.kind === 'sqlite') {
    const { PrismaClient } = await import('../generated/sqlite/client.ts');
    return new PrismaClient({ adapter });
  }
  const { PrismaClient } = await import('../generated/postgresql/client.ts');
  return new PrismaClient({ adapter }) as unknown as import('../generated/sqlite/client.ts').PrismaClient;
}
