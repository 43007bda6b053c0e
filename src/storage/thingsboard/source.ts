import { setTimeout as wait } from 'node:timers/promises';
import type pg from 'pg';
import { type ChangeListener, readChange } from '../change-feed/change.ts';
import { listen } from '../change-feed/listen.ts';
import type { PostgresqlLocation } from '../connections/database-url.ts';
import { WITHOUT_OWN_TABLES } from '../reading/credentials-rows.ts';
import { openPostgresqlReader } from '../reading/postgresql-reader.ts';
import { cacheFor, DATABASE_SHARE, type Source, type StorageOptions } from '../reading/sources.ts';
import { checkThingsBoardSchema } from './schema-check.ts';

/** Where ThingsBoard's own database is, and how old what is known of it may be. */
export interface ThingsBoardSource {
  readonly location: PostgresqlLocation;
  /** A changed credential there is obeyed after so many milliseconds at the latest. */
  readonly stalenessMs: number;
}

/**
 * ThingsBoard's own tables, read and never written (the connections refuse writes themselves). They tell of no change, so
 * what was read is believed for `stalenessMs` only. Where the operator added the triggers of `deploy/thingsboard/notify.sql`,
 * a change is forgotten at once; the bound holds all the same, since triggers may be dropped and notifications pass
 * neither every connection pooler nor a standby server.
 * @throws {ThingPassError} `thingsboard_unreadable` when the database cannot be reached, or its tables cannot be read.
 */
export async function openThingsBoardSource(
  { location, stalenessMs }: ThingsBoardSource,
  options: StorageOptions,
): Promise<Source> {
  const { standby } = await checkThingsBoardSchema(location);
  const reader = openPostgresqlReader(location, {
    connections: options.connections,
    answerMs: options.budgetMs * DATABASE_SHARE,
    tables: WITHOUT_OWN_TABLES,
    readOnly: true,
  });
  const cache = cacheFor(reader, options, {
    believedMs: stalenessMs,
    maxFeedAgeMs: Number.POSITIVE_INFINITY,
    // Every device of ours is a miss there, and while it is down only those that are known may come in.
    missing: options.cacheSize,
  });
  const listening = await listenToTriggers(location, standby ? undefined : CHANNEL, cache).catch(
    async (error: unknown) => {
      await reader.close();
      throw error;
    },
  );
  return {
    store: cache,
    unavailable: 'thingsboard_unavailable',
    problems: () => (cache.state.answers ? [] : ['thingsboard_unavailable']),
    silentMs: () => cache.state.silentMs,
    statistics: () => cache.statistics,
    check: () => reader.check(),
    async close() {
      await listening.close();
      await reader.close();
    },
  };
}

const CHANNEL = 'thingpass_thingsboard';

/** Forgetting devices takes a walk through all that is known; so many times as long as that, nothing is forgotten. */
const REST_PER_WALK = 20;

/** A payload is one of the objects that `readChange` reads. The heartbeat also tells that the database is there. */
function listenToTriggers(
  location: PostgresqlLocation,
  channel: string | undefined,
  cache: ChangeListener,
): Promise<{ close(): Promise<void> }> {
  return listen(location, {
    channel,
    async beat(client: pg.Client, payloads, first) {
      const asOf = performance.now();
      await client.query('SELECT 1');
      if (first) cache.onGap();
      const begun = performance.now();
      cache.onChange(payloads.map(readChange), asOf);
      if (payloads.length > 0) await wait((performance.now() - begun) * REST_PER_WALK);
    },
  });
}
