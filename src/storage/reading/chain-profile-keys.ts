import Database from 'libsql';
import type {
  ChainProfile,
  ChainProvisioning,
} from '../../engine/credentials/certificate/certificate-chain.ts';
import type { DatabaseLocation, PostgresqlLocation, SqliteLocation } from '../connections/database-url.ts';
import { connectionConfig, driver } from '../connections/postgresql-connection.ts';
import { retryWhileBusy } from '../connections/retry-busy.ts';
import { DATABASE_SHARE } from './sources.ts';

/** Which certificates are those of a profile. */
export interface ChainProfileKeys {
  /** Those of the keys that a profile for certificate chains has. @throws when the database cannot be asked. */
  among(keys: readonly string[]): Promise<readonly string[]>;
  close(): Promise<void>;
}

const KEYS = `SELECT provision_device_key AS key FROM device_profile
  WHERE provision_type = 'X509_CERTIFICATE_CHAIN' AND provision_device_key IS NOT NULL`;

/** A new profile counts after so long at the latest, within the second in which every change is obeyed. */
const BELIEVED_MS = 500;

/**
 * Keeps the keys of all profiles for certificate chains, which are few compared with devices: unknown certificates come by the
 * thousand a second when somebody tries, and then cost two small queries a second, all together.
 * @param budgetMs what a decision may take; the database gets the better part of it.
 */
export function openChainProfileKeys(location: DatabaseLocation, budgetMs: number): ChainProfileKeys {
  const answerMs = budgetMs * DATABASE_SHARE;
  const { read, close } =
    location.kind === 'sqlite' ? readSqlite(location) : readPostgresql(location, answerMs);
  return { among: keysOutOf(read), close };
}

/** @param read gives all keys there are. @internal */
export function keysOutOf(
  read: () => Promise<ReadonlySet<string>>,
  now: () => number = () => performance.now(),
): ChainProfileKeys['among'] {
  let known: Promise<ReadonlySet<string>> | undefined;
  let askedAt = Number.NEGATIVE_INFINITY;
  return async (keys) => {
    const time = now();
    if (known === undefined || time - askedAt > BELIEVED_MS) {
      askedAt = time;
      known = read();
      // What failed is asked again at once: not being able to ask is nothing to keep.
      known.catch(() => {
        askedAt = Number.NEGATIVE_INFINITY;
      });
    }
    const there = await known;
    return keys.filter((key) => there.has(key));
  };
}

/** Chain provisioning that is asked for profiles only by the keys that some profile of one of the databases has. */
export function byKnownKeys(
  provisioning: ChainProvisioning,
  databases: readonly ChainProfileKeys[],
): ChainProvisioning {
  return {
    async findProfiles(keys) {
      const known = await Promise.all(databases.map((one) => one.among(keys)));
      const asked = new Set(known.flat());
      return asked.size === 0 ? NO_PROFILES : provisioning.findProfiles([...asked]);
    },
    findDevice: (profile, name) => provisioning.findDevice(profile, name),
    create: (device) => provisioning.create(device),
    renew: (replaced, by) => provisioning.renew(replaced, by),
  };
}

const NO_PROFILES: ReadonlyMap<string, ChainProfile> = new Map();

interface Reading {
  readonly read: () => Promise<ReadonlySet<string>>;
  readonly close: () => Promise<void>;
}

interface KeyRow {
  readonly key: string;
}

function toKeys(rows: readonly KeyRow[]): ReadonlySet<string> {
  return new Set(rows.map(({ key }) => key));
}

function readSqlite({ file }: SqliteLocation): Reading {
  let opened: { readonly database: Database.Database; readonly select: Database.Statement } | undefined;
  return {
    read: () =>
      retryWhileBusy(async () => {
        opened ??= open(file);
        return toKeys(opened.select.all() as KeyRow[]);
      }),
    close: async () => {
      opened?.database.close();
    },
  };
}

function open(file: string) {
  const database = new Database(file, { readonly: true, fileMustExist: true, timeout: 0 });
  return { database, select: database.prepare(KEYS) };
}

function readPostgresql(location: PostgresqlLocation, answerMs: number): Reading {
  const request = { connectMs: answerMs, answerMs, readOnly: true };
  const pool = new (driver().Pool)({ ...connectionConfig(location, request), max: 1 });
  // A connection that breaks while it idles is replaced; the next query meets trouble that stays.
  pool.on('error', () => undefined);
  return {
    read: async () => toKeys((await pool.query<KeyRow>({ name: 'chain_profile_keys', text: KEYS })).rows),
    close: () => pool.end(),
  };
}
