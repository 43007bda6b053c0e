import { randomBytes } from 'node:crypto';
import type { StoredRule } from '../../engine/access/stored-rule.ts';
import type { CredentialsStore } from '../../engine/credentials/credentials-record.ts';
import { waitAtMost } from '../../util/wait-at-most.ts';
import type { CacheStatistics } from '../cache/credentials-cache.ts';
import { inOrder } from '../cache/in-order.ts';
import type { DatabaseLocation } from '../connections/database-url.ts';
import { serverKey } from '../connections/server-key.ts';
import { migrate } from '../migrations/apply.ts';
import { openThingsBoardSource, type ThingsBoardSource } from '../thingsboard/source.ts';
import { readAccessRules } from './access-rule-reader.ts';
import { openOwnSource, type Source, STORAGE_DEFAULTS, type StorageOptions } from './sources.ts';

/** The database as serving needs it. Management has its own repositories, opened at first use. */
export interface Storage {
  readonly credentials: CredentialsStore;
  /** Seals passports; one for all replicas of an installation. */
  readonly passportKey: Uint8Array;
  /** True when this call made the database. */
  readonly created: boolean;
  /**
   * Asks every database whether it answers.
   * @returns codes of what is wrong while decisions can still be made: known devices are admitted, others are not.
   * @throws when no decision can be made, or has not been possible for longer than the stale window.
   */
  check(): Promise<string[]>;
  /** How the databases and what is kept of them are doing: ThingsBoard's, where there is one, then ours. */
  statistics(): readonly DatabaseStatistics[];
  /** The operators' rules as they are now. @throws when our database cannot be asked. */
  accessRules(): Promise<readonly StoredRule[]>;
  /** Calls back whenever a table of which whole copies are kept (`deny_entry`, `access_rule`) has changed, or may have. */
  onTableChange(listener: (table: string) => void): void;
  close(): Promise<void>;
}

export interface DatabaseStatistics extends CacheStatistics {
  readonly database: 'thingsboard' | 'own';
  /** Codes of what is wrong with it, as readiness tells them. */
  readonly problems: readonly string[];
}

/**
 * Migrates our database, creating it if needed, and opens it for deciding; ThingsBoard's, where there is one, is
 * read first and never written.
 * @throws {ThingPassError} `thingsboard_unreadable` when ThingsBoard's tables cannot be read.
 */
export async function openStorage(
  location: DatabaseLocation,
  options: Partial<StorageOptions> & { readonly thingsboard?: ThingsBoardSource | undefined } = {},
): Promise<Storage> {
  const complete = { ...STORAGE_DEFAULTS, ...options };
  const { passportKey, created } = await prepareStorage(location);
  const listeners: ((table: string) => void)[] = [];
  const sources: Source[] = [];
  try {
    if (options.thingsboard !== undefined)
      sources.push(await openThingsBoardSource(options.thingsboard, complete));
    sources.push(
      await openOwnSource(location, complete, (table) => {
        for (const listener of listeners) listener(table);
      }),
    );
  } catch (error) {
    await closeAll(sources);
    throw error;
  }
  const [only] = sources as [Source];
  return {
    credentials: sources.length === 1 ? only.store : inOrder(sources.map(({ store }) => store)),
    passportKey,
    created,
    check: async () => (await Promise.all(sources.map((one) => checkSource(one, complete)))).flat(),
    statistics: () =>
      sources.map((source, index) => ({
        database: index === sources.length - 1 ? 'own' : 'thingsboard',
        problems: source.problems(),
        ...source.statistics(),
      })),
    accessRules: () => readAccessRules(location),
    onTableChange: (listener) => void listeners.push(listener),
    close: () => closeAll(sources),
  };
}

/** Everything that a start writes: the migrations, and the key unless it exists. */
export async function prepareStorage(
  location: DatabaseLocation,
): Promise<Pick<Storage, 'passportKey' | 'created'>> {
  const applied = await migrate(location);
  const key = await serverKey(location, 'passport', () => randomBytes(32).toString('base64url'));
  return {
    passportKey: Buffer.from(key, 'base64url'),
    created: applied.some((name) => name.endsWith('_init')),
  };
}

async function checkSource(source: Source, { staleWindowMs }: StorageOptions): Promise<string[]> {
  try {
    await source.check();
    return source.problems();
  } catch (error) {
    if (source.silentMs() > staleWindowMs) throw error;
    return [...new Set([source.unavailable, ...source.problems()])];
  }
}

/** Connections that were cut take long to end by themselves; nobody waits for them. */
const LONGEST_CLOSE_MS = 1_000;

async function closeAll(sources: readonly Source[]): Promise<void> {
  const closed = Promise.all(sources.map((source) => source.close()));
  await waitAtMost(closed, LONGEST_CLOSE_MS, () => undefined);
}
