import { statSync } from 'node:fs';
import Database from 'libsql';

/** The file is looked for so often; a look costs some microseconds. */
const LOOK_MS = 200;

/** A read-only connection to an SQLite file, and what was prepared on it. */
export interface SqliteFile<Prepared> {
  /** @throws when the file is not there (any more): an open connection would go on reading what was removed. */
  current(): Prepared;
  /**
   * To be called when a statement failed: the driver does not reset it, and it would go on failing. What is {@link current} next
   * is on a new connection.
   */
  renew(): void;
  close(): void;
}

/**
 * Opens a file for reading, and opens it again where another has come in its place, such as a restored backup.
 * @param prepare what is needed on each connection.
 */
export function openSqliteFile<Prepared>(
  file: string,
  prepare: (database: Database.Database) => Prepared,
): SqliteFile<Prepared> {
  function open() {
    const { dev, ino } = statSync(file);
    // No wait for a lock: it would stop the whole process. Readers meet one only while the file is being recovered.
    const database = new Database(file, { readonly: true, fileMustExist: true, timeout: 0 });
    return { dev, ino, database, prepared: prepare(database) };
  }

  let opened = open();
  let lookedAt = performance.now();
  let isBroken = false;
  return {
    current() {
      const now = performance.now();
      if (isBroken || now - lookedAt > LOOK_MS) {
        // While we hold the old file, no other can have its number.
        const { dev, ino } = statSync(file);
        if (isBroken || dev !== opened.dev || ino !== opened.ino) {
          const before = opened.database;
          opened = open();
          isBroken = false;
          before.close();
        }
        lookedAt = now;
      }
      return opened.prepared;
    },
    renew() {
      isBroken = true;
    },
    close() {
      opened.database.close();
    },
  };
}
