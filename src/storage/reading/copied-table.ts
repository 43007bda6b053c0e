import Database from 'libsql';
import type { DatabaseLocation, PostgresqlLocation } from '../connections/database-url.ts';
import { connectionConfig, driver } from '../connections/postgresql-connection.ts';
import { retryWhileBusy } from '../connections/retry-busy.ts';
import { type Reading, type ReadingOptions, readOnChange } from './read-on-change.ts';

export interface CopyOptions<Row, Value>
  extends Pick<ReadingOptions<Value>, 'table' | 'storage' | 'onError'> {
  /** A query that both databases understand. */
  readonly select: string;
  /** What the rows mean; called whenever they may be others. */
  readonly make: (rows: readonly Row[]) => Value;
}

/** Changes gather for this long, so that a long list does not mean a reading for each of its entries. */
const GATHER_MS = 20;

/**
 * Keeps a small table in memory as a whole, for questions that every decision asks.
 * @throws when the database cannot be asked at the start.
 */
export function copyTable<Row, Value>(
  location: DatabaseLocation,
  { table, select, make, storage, onError }: CopyOptions<Row, Value>,
): Promise<Reading<Value>> {
  return readOnChange({
    table,
    storage,
    onError,
    gatherMs: GATHER_MS,
    read: async () => make(await read<Row>(location, select)),
  });
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
