import type { StorageOptions } from '../reading/sources.ts';
import type { ThingsBoardSource } from '../thingsboard/source.ts';
import { type DatabaseLocation, parseDatabaseUrl, parseThingsBoardUrl } from './database-url.ts';

/** The part of the configuration that says where devices are kept, and how they are kept in memory. */
export interface StorageConfig {
  readonly database: DatabaseLocation;
  readonly storage: StorageOptions;
  /** ThingsBoard's database to read from, if any. */
  readonly thingsboard: ThingsBoardSource | undefined;
}

/**
 * @param text gives a setting by name, checked for its kind already. @param problems takes one sentence for each that is bad.
 * @returns nothing when a URL cannot be used.
 */
export function readStorageConfig(
  text: (name: string) => string,
  problems: string[],
): StorageConfig | undefined {
  const tried = <Value>(parse: () => Value): Value | undefined => {
    try {
      return parse();
    } catch (error) {
      problems.push((error as Error).message);
      return undefined;
    }
  };
  const database = tried(() => parseDatabaseUrl(text('DATABASE_URL')));
  const url = text('THINGPASS_THINGSBOARD_DATABASE_URL');
  const location = url === '' ? undefined : tried(() => parseThingsBoardUrl(url));
  if (database === undefined) return undefined;
  return {
    database,
    storage: Object.freeze({
      cacheSize: Number(text('THINGPASS_CACHE_SIZE')),
      budgetMs: Number(text('THINGPASS_DECISION_BUDGET_MS')),
      staleWindowMs: Number(text('THINGPASS_STALE_WINDOW_SECONDS')) * 1_000,
      connections: Number(text('THINGPASS_DATABASE_CONNECTIONS')),
    }),
    thingsboard: location && {
      location,
      stalenessMs: Number(text('THINGPASS_THINGSBOARD_STALENESS_MS')),
    },
  };
}
