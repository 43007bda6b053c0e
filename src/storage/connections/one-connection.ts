import type { Client, Config, InStatement, Transaction } from '@libsql/client';
import { PrismaLibSql } from '@prisma/adapter-libsql';

/**
 * Prisma's adapter for SQLite, with all transactions on one connection. The driver's own way is a new connection after each
 * transaction, and the old one stays open with its cache until it happens to be collected. The adapter lets nobody else ask
 * while a transaction is open, so one connection is enough.
 */
export class OneConnectionLibSql extends PrismaLibSql {
  override createClient(config: Config): Client {
    return withOneConnection(super.createClient(config));
  }
}

function withOneConnection(client: Client): Client {
  const execute = client.execute.bind(client) as (statement: InStatement) => ReturnType<Client['execute']>;
  let inTransaction = false;
  let stuck = false;

  async function ask(statement: InStatement): ReturnType<Client['execute']> {
    // Only another connection is rid of such a statement before it is collected.
    if (stuck && !inTransaction) {
      client.reconnect();
      stuck = false;
    }
    try {
      return await execute(statement);
    } catch (error) {
      // The driver does not reset a statement that found the file locked; it holds on to what could be read then, and
      // writing on top of that is refused for ever.
      if ((error as { code?: string }).code?.startsWith('SQLITE_BUSY')) stuck = true;
      throw error;
    }
  }

  async function rollback(): Promise<void> {
    try {
      await ask('ROLLBACK');
    } finally {
      inTransaction = false;
    }
  }

  async function commit(): Promise<void> {
    try {
      await ask('COMMIT');
      inTransaction = false;
    } catch (error) {
      // What cannot be committed must not stay open under the next transaction; SQLite may have ended it itself.
      await rollback().catch(() => undefined);
      throw error;
    }
  }

  async function transaction(): Promise<Transaction> {
    await ask('BEGIN');
    inTransaction = true;
    return {
      execute: ask,
      commit,
      rollback,
      batch: async (statements) => {
        const results = [];
        for (const statement of statements) results.push(await ask(statement));
        return results;
      },
      executeMultiple: (script) => client.executeMultiple(script),
      close() {
        if (inTransaction) void rollback().catch(() => undefined);
      },
      get closed() {
        return !inTransaction;
      },
    };
  }

  client.execute = ask as Client['execute'];
  client.transaction = transaction;
  return client;
}
