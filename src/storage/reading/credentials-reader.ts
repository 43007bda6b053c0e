import type { CredentialsRecord, CredentialsStore } from '../../engine/credentials/credentials-record.ts';
import { isThingPassError } from '../../model/errors.ts';

/** Reads credentials from one database, a batch at a time; nothing is kept. */
export interface CredentialsReader {
  /**
   * @throws {ThingPassError} `row_unreadable` for rows that mean nothing; anything else means that the database cannot be
   *   asked.
   */
  read(ids: readonly string[]): Promise<Map<string, CredentialsRecord>>;
  /** @throws when the database cannot be asked. */
  check(): Promise<void>;
  close(): Promise<void>;
}

/** The reader as a store: every question is asked of the database. */
export function readingFrom(reader: CredentialsReader): CredentialsStore {
  return { findByCredentialsIds: (ids) => reader.read(ids) };
}

/**
 * Whether an error says that the database cannot be asked, rather than that this one question is bad: rows that cannot be
 * read, and PostgreSQL's class 22 (data exception), such as text that its encoding has not.
 */
export function isOutage(error: unknown): boolean {
  return (
    !isThingPassError(error, 'row_unreadable') &&
    !/^22/.test(String((error as { code?: unknown })?.code ?? ''))
  );
}
