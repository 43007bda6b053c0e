import { setTimeout as wait } from 'node:timers/promises';
import { adapterFault } from './adapter-fault.ts';

const TRIES = 12;
const FIRST_WAIT_MS = 10;
const LONGEST_WAIT_MS = 2_000;

/**
 * Repeats what found a lock taken for longer than the driver waits, a bounded number of times with growing pauses: SQLite's
 * one write lock, or a deadlock or conflict of transactions that PostgreSQL resolved against this one. Anything else that
 * goes wrong is the caller's.
 */
export async function retryWhileBusy<Result>(write: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await write();
    } catch (error) {
      if (attempt === TRIES || !isBusy(error)) throw error;
      await wait(Math.min(FIRST_WAIT_MS * 2 ** attempt, LONGEST_WAIT_MS) * (0.5 + Math.random()));
    }
  }
}

function isBusy(error: unknown): boolean {
  const { code, message } = error as { code?: string; message?: string };
  return (
    code === 'P1008' ||
    code === 'P2034' ||
    code === 'SQLITE_BUSY' ||
    adapterFault(error) === 'TransactionWriteConflict' ||
    /database is locked|SQLITE_BUSY/.test(message ?? '')
  );
}
