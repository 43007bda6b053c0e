import type pg from 'pg';
import type { PostgresqlLocation } from '../connections/database-url.ts';
import { connectionConfig, driver } from '../connections/postgresql-connection.ts';
import { type ChangeFeed, type ChangeListener, readChange } from './change.ts';
import { listen } from './listen.ts';

/**
 * The rows that no earlier call has seen, exactly. Rows become visible when their transaction commits, which is not the order
 * of `seq`, so what was seen is not a number but a snapshot: a row is new when its transaction was not visible in the last
 * snapshot, and none that was visible then can be older than that snapshot's oldest transaction.
 */
const NEW_ROWS = `SELECT s.snapshot, c.keys
  FROM (SELECT pg_current_snapshot()::text AS snapshot) s
  LEFT JOIN change c ON c.transaction_id >= pg_snapshot_xmin($1::pg_snapshot)::text::bigint
    AND NOT pg_visible_in_snapshot(c.transaction_id::text::xid8, $1::pg_snapshot)
  ORDER BY c.seq`;

interface NewRow {
  readonly snapshot: string;
  readonly keys: string | null;
}

/**
 * News out of the table `change` of PostgreSQL: a notification says that there are some, and the heartbeat reads them all the
 * same, so that a lost notification costs 300 ms and a lost connection is found by its silence.
 */
export async function openPostgresqlFeed(
  location: PostgresqlLocation,
  listener: ChangeListener,
): Promise<ChangeFeed> {
  let seen: string | undefined;
  const listening = await listen(location, {
    channel: 'thingpass_change',
    async beat(client, _payloads, first) {
      const asOf = performance.now();
      const rows = seen === undefined ? await beginning(client) : await newRows(client, seen);
      // What was said while nobody listened is read now; but a server that came back may be another one, or an older copy.
      if (first && seen !== undefined) listener.onGap();
      seen = rows[0]?.snapshot ?? seen;
      listener.onChange(
        rows.flatMap(({ keys }) => (keys === null ? [] : [readChange(keys)])),
        asOf,
      );
    },
  });
  const pruning = pruneChanges(location);
  return {
    poll: () => undefined,
    async close() {
      pruning.stop();
      await listening.close();
    },
  };
}

async function beginning(client: pg.Client): Promise<NewRow[]> {
  const { rows } = await client.query<NewRow>('SELECT pg_current_snapshot()::text AS snapshot, NULL AS keys');
  return rows;
}

async function newRows(client: pg.Client, since: string): Promise<NewRow[]> {
  return (await client.query<NewRow>(NEW_ROWS, [since])).rows;
}

/** Removes rows of `change` that everybody has read, now and then, through a connection that is there only for that. */
function pruneChanges(location: PostgresqlLocation): { stop(): void } {
  // At random, so that replicas which started together do not prune together.
  const timer = setInterval(
    () => void prune(location).catch(() => undefined),
    PRUNE_EVERY_MS * (0.5 + Math.random()),
  );
  timer.unref();
  return { stop: () => clearInterval(timer) };
}

/** @returns how many rows went. */
async function prune(location: PostgresqlLocation): Promise<number> {
  const client = new (driver().Client)(connectionConfig(location, { connectMs: 1_000, answerMs: 30_000 }));
  client.on('error', () => undefined);
  try {
    await client.connect();
    return (await client.query(PRUNE)).rowCount ?? 0;
  } finally {
    await client.end().catch(() => undefined);
  }
}

const PRUNE_EVERY_MS = 10 * 60_000;

/**
 * Readers see a row within a second of its commit, so only a transaction that stays open for longer than this could lose
 * one. Rows that another replica is pruning just now are left to it.
 */
const PRUNE = `DELETE FROM change WHERE seq IN (
    SELECT seq FROM change
    WHERE created_time < (extract(epoch FROM clock_timestamp()) * 1000)::bigint - 6 * 60 * 60 * 1000
    ORDER BY seq LIMIT 50000 FOR UPDATE SKIP LOCKED)`;
