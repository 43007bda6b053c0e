import type { Client, Config, Transaction } from '@libsql/client';
import { PrismaLibSql } from '@prisma/adapter-libsql';

/**
 * Prisma's adapter for SQLite, with all transactions on one connection. The driver's own way is a new connection after each
 * transaction, and the old one with its cache stays in memory, and may hold locks, until it happens to be collected. The adapter
 * lets nobody else ask while a transaction is open, so one connection is enough.
 */
export class OneConnectionLibSql extends PrismaLibSql {
  override createClient(config: Config): Client {
    const client = super.createClient(config);
    client.transaction = () => begin(client);
    return client;
  }
}

async function begin(client: Client): Promise<Transaction> {
  let closed = false;
  const end = async (how: 'COMMIT' | 'ROLLBACK'): Promise<void> => {
    closed = true;
    await client.execute(how);
  };
  await client.execute('BEGIN');
  return {
    execute: (statement) => client.execute(statement),
    batch: async (statements) => {
      const results = [];
      for (const statement of statements) results.push(await client.execute(statement));
      return results;
    },
    executeMultiple: (script) => client.executeMultiple(script),
    async commit() {
      try {
        await end('COMMIT');
      } catch (error) {
        // What cannot be committed must not stay open under the next transaction; SQLite may have ended it itself.
        await end('ROLLBACK').catch(() => undefined);
        throw error;
      }
    },
    rollback: () => end('ROLLBACK'),
    close() {
      if (!closed) void end('ROLLBACK').catch(() => undefined);
    },
    get closed() {
      return closed;
    },
  };
}
