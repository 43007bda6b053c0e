import { type NewsListener, readChange } from '../change.ts';
import { WITHOUT_OWN_TABLES } from '../credentials-rows.ts';
import { listen } from '../news/listen.ts';
import { openPostgresqlReader } from '../postgresql-reader.ts';
import { cacheFor, DATABASE_SHARE, type Source, type StorageOptions } from '../sources.ts';
import type { ThingsBoardSource } from '../storage.ts';
import { checkThingsBoardSchema } from './schema-check.ts';

/**
 * ThingsBoard's own tables, read and never written (the connections refuse writes themselves). They tell of no change, so
 * what was read is believed for `stalenessMs` only. Where the operator added the triggers of
 * `deploy/postgresql/thingsboard-notify.sql`, a change is forgotten at once; the bound holds all the same, since triggers
 * may be dropped and notifications do not pass every connection pooler.
 */
export async function openThingsBoardSource(
  { location, stalenessMs }: ThingsBoardSource,
  options: StorageOptions,
): Promise<Source> {
  await checkThingsBoardSchema(location);
  const reader = openPostgresqlReader(location, {
    connections: options.connections,
    answerMs: options.budgetMs * DATABASE_SHARE,
    joins: WITHOUT_OWN_TABLES,
    readOnly: true,
  });
  const cache = cacheFor(reader, options, {
    believedMs: stalenessMs,
    newsMs: Number.POSITIVE_INFINITY,
  });
  const listening = await listenToTriggers(location, cache).catch(async (error: unknown) => {
    await reader.close();
    throw error;
  });
  return {
    store: cache,
    troubles: () => (cache.state.answers ? [] : ['thingsboard_unavailable']),
    silentMs: () => cache.state.silentMs,
    statistics: () => cache.statistics,
    check: () => reader.check(),
    async close() {
      await listening.close();
      await reader.close();
    },
  };
}

/** A payload is what a row of our `change` would say. */
function listenToTriggers(
  location: ThingsBoardSource['location'],
  cache: NewsListener,
): Promise<{ close(): Promise<void> }> {
  return listen(location, {
    channel: 'thingpass_thingsboard',
    async beat(client, payloads, first) {
      const asOf = performance.now();
      await client.query('SELECT 1');
      if (first) cache.gap();
      cache.heard(payloads.map(readChange), asOf);
    },
  });
}
