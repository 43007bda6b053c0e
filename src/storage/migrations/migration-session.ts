import type { Migration } from './files.ts';
import type { MigrationRow } from './migrations-table.ts';

/** A connection that migrates. Both kinds of database give one, and differ in nothing else here. */
export interface MigrationSession {
  /** @returns undefined where there is no table of migrations. */
  rows(): Promise<readonly MigrationRow[] | undefined>;
  /** Opens a transaction that no other session can have at the same time. */
  begin(): Promise<void>;
  /** Makes the table of migrations. @throws {ThingPassError} `database_unusable` when there are other tables already. */
  createTable(): Promise<void>;
  /** Runs a whole migration. */
  apply(migration: Migration): Promise<void>;
  /**
   * Runs what is left of a migration that an older version began and did not finish.
   * @param earlier the migrations before it. @returns false where it cannot be told what is left.
   */
  complete(migration: Migration, earlier: readonly Migration[]): Promise<boolean>;
  /** Runs one statement; `?1` stands for the first value. */
  run(statement: string, ...values: readonly string[]): Promise<void>;
  close(): Promise<void>;
}
