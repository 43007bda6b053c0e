import { setTimeout as wait } from 'node:timers/promises';
import Database from 'libsql';
import type { DatabaseLocation, PostgresqlLocation } from '../connections/database-url.ts';
import { connectionConfig, driver } from '../connections/postgresql-connection.ts';
import { retryWhileBusy } from '../connections/retry-busy.ts';

export interface CopyOptions<Row, Value> {
  /** As the news name it. */
  readonly table: string;
  /** A query that both databases understand. */
  readonly select: string;
  /** What the rows mean; called whenever they may be others. */
  readonly make: (rows: readonly Row[]) => Value;
  /** Where the news are heard. */
  readonly storage: { onTableChange(listener: (table: string) => void): void };
  /** Told, once, that the table cannot be read; what was known stays in force. */
  readonly onError: (error: unknown) => void;
}

/** A small table as a whole, in memory, for questions that every decision asks. */
export interface TableCopy<Value> {
  /** As it was a moment ago: less than a second, while the database can be asked. */
  current(): Value;
  close(): void;
}

/** Changes gather for this long, so that a long list does not mean a reading for each of its entries. */
const GATHER_MS = 20;
/** While the database cannot be asked, it is asked again after this time. */
const AGAIN_MS = 500;

/**
 * Reads a table, and again whenever the news say that it has changed.
 * @throws when the database cannot be asked at the start.
 */
export async function copyTable<Row, Value>(
  location: DatabaseLocation,
  { table, select, make, storage, onError }: CopyOptions<Row, Value>,
): Promise<TableCopy<Value>> {
  const cleanup = new AbortController();
  let changed = false;
  let reading = false;
  let value: Value;

  async function readUntilUnchanged(): Promise<void> {
    reading = true;
    let silent = false;
    while (changed && !cleanup.signal.aborted) {
      const pause = { signal: cleanup.signal, ref: false };
      await wait(silent ? AGAIN_MS : GATHER_MS, undefined, pause).catch(() => undefined);
      if (cleanup.signal.aborted) break;
      changed = false;
      try {
        value = make(await read<Row>(location, select));
        silent = false;
      } catch (error) {
        if (!silent) onError(error);
        silent = true;
        changed = true;
      }
    }
    reading = false;
  }

  // Before it is read, so that no change falls in between.
  storage.onTableChange((name) => {
    if (name !== table) return;
    changed = true;
    if (!reading) void readUntilUnchanged();
  });
  value = make(await read<Row>(location, select));
  return { current: () => value, close: () => cleanup.abort() };
}

/** The table changes rarely, so nothing is kept open for it. */
function read<Row>(location: DatabaseLocation, select: string): Promise<readonly Row[]> {
  return location.kind === 'sqlite'
    ? retryWhileBusy(async () => readSqlite<Row>(location.file, select))
    : readPostgresql<Row>(location, select);
}

function readSqlite<Row>(file: string, select: string): readonly Row[] {
  const database = new Database(file, { readonly: true, fileMustExist: true, timeout: 0 });
  try {
    return database.prepare(select).all() as Row[];
  } finally {
    database.close();
  }
}

async function readPostgresql<Row>(location: PostgresqlLocation, select: string): Promise<readonly Row[]> {
  const client = new (driver().Client)(
    connectionConfig(location, { connectMs: 1_000, answerMs: 5_000, readOnly: true }),
  );
  // An error that strikes between two queries is also the next query's.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return (await client.query(select)).rows as Row[];
  } finally {
    // Not waited for: the other side may be gone.
    client.end().catch(() => undefined);
  }
}
