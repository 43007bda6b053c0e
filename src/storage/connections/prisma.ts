import { lazy } from '../../util/lazy.ts';
import type { PrismaClient } from '../generated/sqlite/client.ts';
import type { DatabaseLocation } from './database-url.ts';
import { connectionConfig, schemaOf } from './postgresql-connection.ts';

export type { Prisma, PrismaClient } from '../generated/sqlite/client.ts';

/** Management is seldom and short; PostgreSQL's connections are for deciding, and there are a hundred of them for all. */
const MANAGEMENT_CONNECTIONS = 6;

/** How Prisma's client may use a database. */
export interface ClientOptions {
  /** Refuse writes, whatever the user may do; on PostgreSQL only. */
  readonly readOnly?: boolean;
}

/** Prisma's client of one database, for all in this process who need it: management, and what decisions seldom write. */
export interface DatabaseClient {
  readonly location: DatabaseLocation;
  /** Gives the client, which is made when somebody first asks: that costs more than the whole start of the server. */
  open(): Promise<PrismaClient>;
  close(): Promise<void>;
}

/** @param location a migrated database, or ThingsBoard's. */
export function databaseClient(location: DatabaseLocation, options: ClientOptions = {}): DatabaseClient {
  const opened = lazy(async () => {
    const prisma = await openPrisma(location, options);
    return { prisma, close: () => prisma.$disconnect() };
  });
  return { location, open: async () => (await opened.open()).prisma, close: opened.close };
}

/** Runs with a client of a migrated database, and closes it whatever happens. */
export async function withDatabase<Result>(
  location: DatabaseLocation,
  run: (prisma: PrismaClient) => Promise<Result>,
  options: ClientOptions = {},
): Promise<Result> {
  const prisma = await openPrisma(location, options);
  try {
    return await run(prisma);
  } finally {
    await prisma.$disconnect();
  }
}

/**
 * Use write-first array transactions (`$transaction([…])`) only: on SQLite interactive ones begin deferred, and with several
 * processes most of them fail.
 *
 * Both databases have the same models (a test holds them equal), so repositories are written once, against the client for
 * SQLite, which is the narrower one: what it can do, PostgreSQL's can. What differs at run time is that PostgreSQL refuses an
 * id that is no UUID; see `util/uuid.ts`.
 */
async function openPrisma(
  location: DatabaseLocation,
  { readOnly = false }: ClientOptions,
): Promise<PrismaClient> {
  if (location.kind === 'sqlite') {
    const [{ PrismaClient }, { OneConnectionLibSql }] = await Promise.all([
      import('../generated/sqlite/client.ts'),
      import('./one-connection.ts'),
    ]);
    const url = location.file === ':memory:' ? ':memory:' : `file:${location.file}`;
    // SQLite's own wait for a lock blocks the event loop, so it is short; `retryWhileBusy` does the rest.
    return new PrismaClient({ adapter: new OneConnectionLibSql({ url, timeout: 50 }) });
  }
  const [{ PrismaClient }, { PrismaPg }] = await Promise.all([
    import('../generated/postgresql/client.ts'),
    import('@prisma/adapter-pg'),
  ]);
  const schema = schemaOf(location);
  const adapter = new PrismaPg(
    { ...connectionConfig(location, { connectMs: 5_000, readOnly }), max: MANAGEMENT_CONNECTIONS },
    {
      ...(schema === undefined ? {} : { schema }),
      // A connection that breaks while it idles is replaced by the pool; the next query meets trouble that stays.
      onPoolError: () => undefined,
      onConnectionError: () => undefined,
    },
  );
  return new PrismaClient({ adapter }) as unknown as import('../generated/sqlite/client.ts').PrismaClient;
}
