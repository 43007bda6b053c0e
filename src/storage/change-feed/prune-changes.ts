import type { PostgresqlLocation } from '../connections/database-url.ts';
import { connectionConfig, driver } from '../connections/postgresql-connection.ts';

const EVERY_MS = 10 * 60_000;

/**
 * Readers see a row within a second of its commit, so only a transaction that stays open for longer than this could lose
 * one. Rows that another replica is pruning just now are left to it.
 */
const PRUNE = `DELETE FROM change WHERE seq IN (
    SELECT seq FROM change
    WHERE created_time < (extract(epoch FROM clock_timestamp()) * 1000)::bigint - 6 * 60 * 60 * 1000
    ORDER BY seq LIMIT 50000 FOR UPDATE SKIP LOCKED)`;

/** Removes rows of `change` that everybody has read, now and then, through a connection that is there only for that. */
export function pruneChanges(location: PostgresqlLocation): { stop(): void } {
  // At random, so that replicas which started together do not prune together.
  const timer = setInterval(
    () => void prune(location).catch(() => undefined),
    EVERY_MS * (0.5 + Math.random()),
  );
  timer.unref();
  return { stop: () => clearInterval(timer) };
}

/** @returns how many rows went. */
export async function prune(location: PostgresqlLocation): Promise<number> {
  const client = new (driver().Client)(connectionConfig(location, { connectMs: 1_000, answerMs: 30_000 }));
  client.on('error', () => undefined);
  try {
    await client.connect();
    return (await client.query(PRUNE)).rowCount ?? 0;
  } finally {
    await client.end().catch(() => undefined);
  }
}
