import { join } from 'node:path';
import { after, before, describe } from 'node:test';
import Database from 'libsql';
import type { DatabaseLocation } from '../../../src/storage/connections/database-url.ts';
import { freshDatabase, type TestDatabase, withoutPostgresql } from '../../support/postgresql.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

/** A database that nobody else has, not migrated yet. */
export interface EachDatabase {
  readonly kind: 'sqlite' | 'postgresql';
  /** Known once the tests run. */
  readonly location: DatabaseLocation;
  /** Runs SQL as an operator would, beside the repositories; `?` stands for a value. */
  sql<Row extends object>(text: string, ...values: (string | number | null)[]): Promise<Row[]>;
}

const skip = await withoutPostgresql();

/** Registers the same tests once for each kind of database, each time with a database of their own. */
export function onEachDatabase(tests: (database: EachDatabase) => void): void {
  describe('on SQLite', () => tests(sqliteFile()));
  describe('on PostgreSQL', { skip }, () => {
    let made: TestDatabase | undefined;
    before(async () => {
      made = await freshDatabase();
    });
    after(() => made?.drop());
    const database = (): TestDatabase => {
      if (made === undefined) throw new Error('the database is there when the tests run');
      return made;
    };
    tests({
      kind: 'postgresql',
      get location() {
        return database().location;
      },
      sql(text, ...values) {
        let count = 0;
        return database().sql(
          text.replace(/\?/g, () => `$${++count}`),
          values,
        );
      },
    });
  });
}

function sqliteFile(): EachDatabase {
  const file = join(temporaryFolder(), 'deep', 'devices.db');
  return {
    kind: 'sqlite',
    location: { kind: 'sqlite', file },
    async sql<Row extends object>(text: string, ...values: (string | number | null)[]) {
      const connection = new Database(file, { timeout: 5_000 });
      try {
        const statement = connection.prepare(text);
        if (/^\s*(SELECT|PRAGMA)/i.test(text)) return statement.all(...values) as Row[];
        statement.run(...values);
        return [];
      } finally {
        connection.close();
      }
    },
  };
}
