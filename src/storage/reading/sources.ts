import type { CredentialsStore } from '../../engine/credentials/credentials-record.ts';
import { type CacheOptions, type CacheStatistics, CredentialsCache } from '../cache/credentials-cache.ts';
import { withinTime } from '../cache/within-time.ts';
import type { ChangeFeed, ChangeListener } from '../change-feed/change.ts';
import { openPostgresqlFeed } from '../change-feed/postgresql-feed.ts';
import { openSqliteFeed } from '../change-feed/sqlite-feed.ts';
import type { DatabaseLocation } from '../connections/database-url.ts';
import { type CredentialsReader, readingFrom } from './credentials-reader.ts';
import { openPostgresqlReader } from './postgresql-reader.ts';
import { openSqliteReader } from './sqlite-reader.ts';

/** One database that credentials are read from, with its cache in front. */
export interface Source {
  readonly store: CredentialsStore;
  /** The code of readiness for "it cannot be asked". */
  readonly unavailable: string;
  /** What is wrong just now, as codes that readiness shows; empty when nothing is. */
  problems(): string[];
  /** How long ago the database was heard of last, in milliseconds. */
  silentMs(): number;
  statistics(): CacheStatistics;
  /** @throws when the database cannot be asked. */
  check(): Promise<void>;
  close(): Promise<void>;
}

/** How fresh, how much and how long; every part has a default in {@link STORAGE_DEFAULTS}. */
export interface StorageOptions {
  /** Records to keep in memory. */
  readonly cacheSize: number;
  /** What a decision may take; the database gets the better part of it. */
  readonly budgetMs: number;
  /** While the database cannot be asked, what was known last is used for so long. */
  readonly staleWindowMs: number;
  /** Connections that deciding may use, to PostgreSQL. */
  readonly connections: number;
}

export const STORAGE_DEFAULTS: StorageOptions = Object.freeze({
  cacheSize: 50_000,
  budgetMs: 1_000,
  staleWindowMs: 3_600_000,
  connections: 4,
});

/** Of a decision's budget so much is the database's, so that what is known can still be said in time when it says nothing. */
export const DATABASE_SHARE = 0.8;
/** News may be so old before every question is asked of the database: less than the second within which changes are obeyed. */
const MAX_FEED_AGE_MS = 900;
/** What no news tell of, such as a restored backup, is found after this time at the latest. */
const BELIEVED_MS = 10 * 60_000;

/** Tables of which whole copies are kept, outside the cache. */
const COPIED_TABLES = ['access_rule', 'deny_entry', 'profile_trust'] as const;

/** Told that one of them has changed, or may have. */
export type TableListener = (table: string) => void;

/** Our own database: read through the driver, kept in memory, forgotten by the news of the table `change`. */
export async function openOwnSource(
  location: DatabaseLocation,
  options: StorageOptions,
  onTable: TableListener,
): Promise<Source> {
  const answerMs = options.budgetMs * DATABASE_SHARE;
  const reader =
    location.kind === 'sqlite'
      ? openSqliteReader(location.file)
      : openPostgresqlReader(location, { connections: options.connections, answerMs });
  const cache = cacheFor(reader, options, { believedMs: BELIEVED_MS, maxFeedAgeMs: MAX_FEED_AGE_MS });
  const listener: ChangeListener = {
    onChange(changes, asOf) {
      cache.onChange(changes, asOf);
      for (const change of changes) {
        if (change.kind === 'table') onTable(change.name);
        else if (change.kind === 'everything') tellOfAll(onTable);
      }
    },
    onGap() {
      cache.onGap();
      tellOfAll(onTable);
    },
  };
  let news: ChangeFeed;
  try {
    news =
      location.kind === 'sqlite'
        ? openSqliteFeed(location.file, listener)
        : await openPostgresqlFeed(location, listener);
  } catch (error) {
    await reader.close();
    throw error;
  }
  return {
    store: location.kind === 'sqlite' ? pollFirst(cache, news) : cache,
    unavailable: 'storage_unavailable',
    problems: () => [
      ...(cache.state.answers ? [] : ['storage_unavailable']),
      ...(cache.state.news ? [] : ['changes_not_heard']),
    ],
    silentMs: () => cache.state.silentMs,
    statistics: () => cache.statistics,
    check: () => reader.check(),
    async close() {
      await news.close();
      await reader.close();
    },
  };
}

function tellOfAll(onTable: TableListener): void {
  for (const table of COPIED_TABLES) onTable(table);
}

export function cacheFor(
  reader: CredentialsReader,
  options: StorageOptions,
  freshness: Pick<CacheOptions, 'believedMs' | 'maxFeedAgeMs'> & Partial<Pick<CacheOptions, 'missing'>>,
): CredentialsCache {
  const store = withinTime(readingFrom(reader), options.budgetMs * DATABASE_SHARE);
  return new CredentialsCache(store, {
    missing: options.cacheSize / 5,
    ...freshness,
    size: options.cacheSize,
    staleWindowMs: options.staleWindowMs,
  });
}

/** A store that reads the news before it answers, for news that cost next to nothing: then nothing known is ever old. */
function pollFirst(store: CredentialsStore, news: ChangeFeed): CredentialsStore {
  return {
    findByCredentialsIds(ids) {
      news.poll();
      return store.findByCredentialsIds(ids);
    },
  };
}
