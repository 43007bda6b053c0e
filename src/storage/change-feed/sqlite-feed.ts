import { openSqliteFile } from '../connections/sqlite-file.ts';
import { type ChangeFeed, type ChangeListener, readChange } from './change.ts';

/** How often the file is looked at while nobody asks anything. */
const EVERY_MS = 100;
/** Questions look themselves, but not more often than this: a look costs about five microseconds. */
const NOT_WITHIN_MS = 5;
/** More news than this at once are not read, since reading them would stop the process: everything is asked again. */
const MOST_AT_ONCE = 20_000;

/**
 * News out of the table `change` of an SQLite file. `PRAGMA data_version` says whether any other connection has committed
 * since the last look; it does so on a connection that only reads and does nothing else, so this one is not shared.
 */
export function openSqliteFeed(file: string, listener: ChangeListener): ChangeFeed {
  const opened = openSqliteFile(file, (database) => ({
    version: database.prepare('PRAGMA data_version'),
    bounds: database.prepare(
      'SELECT (SELECT min(seq) FROM change) AS oldest, (SELECT max(seq) FROM change) AS newest',
    ),
    rowsAfter: database.prepare('SELECT keys FROM change WHERE seq > ? ORDER BY seq'),
  }));
  let statements = opened.current();
  let seenVersion = -1;
  let seenSeq: number | undefined;
  let lookedAt = Number.NEGATIVE_INFINITY;

  function look(now: number): void {
    lookedAt = now;
    const current = opened.current();
    if (current !== statements) {
      // Another file, of which nothing is known yet.
      statements = current;
      seenVersion = -1;
      seenSeq = undefined;
      listener.onGap();
    }
    // The version first: a commit between the two reads is then seen again, not missed.
    const { data_version } = statements.version.get() as { data_version: number };
    const rows = data_version === seenVersion ? [] : newRows();
    seenVersion = data_version;
    listener.onChange(
      rows.map(({ keys }) => readChange(keys)),
      now,
    );
  }

  function newRows(): { keys: string }[] {
    const { oldest, newest } = statements.bounds.get() as { oldest: number | null; newest: number | null };
    const from = seenSeq;
    seenSeq = newest ?? 0;
    if (from === undefined || from === seenSeq) return [];
    // Pruned before it was read, or another database in the place of this one, or too much.
    const gap = (oldest ?? 1) > from + 1 || seenSeq < from || seenSeq - from > MOST_AT_ONCE;
    if (!gap) return statements.rowsAfter.all(from) as { keys: string }[];
    listener.onGap();
    return [];
  }

  function poll(): void {
    const now = performance.now();
    if (now - lookedAt < NOT_WITHIN_MS) return;
    try {
      look(now);
    } catch {
      // Without the feed, the cache asks the database; a lock is gone at the next look.
      opened.renew();
    }
  }

  look(performance.now());
  const timer = setInterval(poll, EVERY_MS).unref();
  return {
    poll,
    async close() {
      clearInterval(timer);
      opened.close();
    },
  };
}
