import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import Database from 'libsql';
import pg from 'pg';
import type { DatabaseLocation } from '../../../src/storage/connections/database-url.ts';
import { migrate, missingMigrations } from '../../../src/storage/migrations/apply.ts';
import { type DatabaseKind, migrationNames } from '../../../src/storage/migrations/files.ts';
import { freshDatabase, withoutPostgresql } from '../../support/postgresql.ts';
import { CLI, Installation } from '../../support/process.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { ENGINE_ARGS, OLDER_VERSION, urlOf } from './support/migrated-by.ts';

/*
 * A process that migrates is killed at a moment counted from its first statement on, as it is seen in the database from
 * outside. Whatever it leaves, the next `migrate` or `serve` brings the database up. So that the moment is met on a busy
 * machine too, the process runs for a moment at a time, and is stopped while somebody looks.
 */

const ROUNDS = process.env.THINGPASS_SOAK === '1' ? 40 : 6;
/** A small part of what the whole takes. */
const SLICE_MS = { sqlite: 0.5, postgresql: 4 };

/** An empty database, and what can be seen of somebody else's work in it. */
interface WatchedDatabase {
  readonly location: DatabaseLocation;
  /** Whether anybody has begun to migrate. */
  hasBegun(): Promise<boolean>;
  /** Whether it can be read while the other is stopped. */
  canBeRead(): boolean;
  /** How many migrations were begun and how many finished; older versions note both, ours both at once. */
  noted(): Promise<{ readonly begun: number; readonly finished: number }>;
  /** The tables and so on, comparable with those of another database. */
  schema(): Promise<readonly unknown[]>;
  close(): Promise<void>;
}

const NOTED =
  'SELECT count(*) AS begun, count(finished_at) AS finished FROM _prisma_migrations WHERE rolled_back_at IS NULL';

function watchedFile(): WatchedDatabase {
  const file = join(temporaryFolder(), 'own.db');
  let opened: Database.Database | undefined;
  const all = (sql: string): unknown[] => {
    opened ??= new Database(file, { timeout: 0 });
    return opened.prepare(sql).all();
  };
  const log = `${file}-wal`;
  return {
    location: { kind: 'sqlite', file },
    hasBegun: async () => existsSync(log),
    // Before it writes, the process may be about to make the log, and a reader would have to wait for it.
    canBeRead: () => existsSync(log) && statSync(log).size > 0,
    noted: async () => {
      const nothing = { begun: 0, finished: 0 };
      const isMade = all("SELECT 1 FROM sqlite_master WHERE name = '_prisma_migrations'").length > 0;
      return isMade ? (all(NOTED)[0] as typeof nothing) : nothing;
    },
    schema: async () => all('SELECT name, sql FROM sqlite_master ORDER BY name'),
    close: async () => void opened?.close(),
  };
}

async function watchedPostgresql(): Promise<WatchedDatabase> {
  const database = await freshDatabase();
  const client = new pg.Client(database.location.url);
  await client.connect();
  return {
    location: database.location,
    hasBegun: async () => {
      const { rowCount } = await client.query(
        `SELECT FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL`,
      );
      return rowCount !== 0;
    },
    canBeRead: () => true,
    noted: async () => {
      const { rows } = await client.query("SELECT to_regclass('_prisma_migrations') AS found");
      if (rows[0].found === null) return { begun: 0, finished: 0 };
      const [{ begun, finished }] = (await client.query(NOTED)).rows;
      return { begun: Number(begun), finished: Number(finished) };
    },
    schema: async () => {
      const { rows } = await client.query(
        `SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'public'
         UNION ALL SELECT tgrelid::regclass::text, tgname, tgenabled::text FROM pg_trigger WHERE NOT tgisinternal
         UNION ALL SELECT conrelid::regclass::text, conname, contype::text FROM pg_constraint
         UNION ALL SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1, 2, 3`,
      );
      return rows;
    },
    close: async () => {
      await client.end();
      await database.drop();
    },
  };
}

/** The processes that migrate an empty database. */
const PROCESSES = {
  migrate: ({ location }: WatchedDatabase) => command('migrate', location),
  serve: ({ location }: WatchedDatabase) => command('serve', location),
  older: ({ location }: WatchedDatabase) =>
    spawn(process.execPath, [...ENGINE_ARGS, OLDER_VERSION, urlOf(location)], { stdio: 'ignore' }),
};

const NAMES = { migrate: '`migrate`', serve: 'a first `serve`', older: 'an older version’s `migrate`' };

function command(name: string, location: DatabaseLocation): ChildProcess {
  const { environment: env, folder: cwd } = new Installation({ DATABASE_URL: urlOf(location) });
  return spawn(process.execPath, [CLI, name], { cwd, env, stdio: 'ignore' });
}

/**
 * Kills the process in the middle: `round` says at which of all its steps. Odd rounds go on for some moments more, so that
 * they end within a step.
 */
async function killAt(child: ChildProcess, database: WatchedDatabase, round: number): Promise<void> {
  const exited = once(child, 'exit');
  const slice = SLICE_MS[database.location.kind];
  // The last steps are left out, since the process may go on for some while nobody looks.
  const steps = Math.floor(1.5 * migrationNames(database.location.kind).length);
  // 5 has no divisor in common with the number of steps of either database (13 and 12).
  const step = (round * 5) % steps;
  while (child.exitCode === null && !(await isAt(database, step))) {
    runFor(child, slice);
    await turn();
  }
  if (round % 2 === 1) runFor(child, ((round % 5) + 1) * slice);
  child.kill('SIGKILL');
  await exited;
}

function runFor(child: ChildProcess, ms: number): void {
  child.kill('SIGCONT');
  const end = performance.now() + ms;
  while (performance.now() < end);
  child.kill('SIGSTOP');
}

async function isAt(database: WatchedDatabase, step: number): Promise<boolean> {
  if (step === 0) return database.hasBegun();
  if (!database.canBeRead()) return false;
  try {
    const { begun, finished } = await database.noted();
    return begun + finished >= step;
  } catch (error) {
    // It was stopped while it held a lock.
    if (/^SQLITE_(BUSY|PROTOCOL)/.test((error as { code?: string }).code ?? '')) return false;
    throw error;
  }
}

/** Brings it up in one of the ways that there are, and looks whether it is what it should be. */
async function bringUp(database: WatchedDatabase, round: number, whole: readonly unknown[]): Promise<void> {
  const installation = new Installation({ DATABASE_URL: urlOf(database.location) });
  if (round % 3 === 0) {
    await migrate(database.location);
  } else if (round % 3 === 1) {
    const { code, stderr } = await installation.run(['migrate']);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' }, `round ${round}`);
  } else {
    const server = await installation.serve();
    assert.equal((await fetch(`${server.url}/readyz`)).status, 200, `round ${round}`);
    assert.equal(await server.stop(), 0);
  }
  assert.deepEqual(await missingMigrations(database.location), []);
  const count = migrationNames(database.location.kind).length;
  assert.deepEqual(await database.noted(), { begun: count, finished: count });
  assert.deepEqual(await database.schema(), whole);
}

for (const kind of ['sqlite', 'postgresql'] as const satisfies readonly DatabaseKind[]) {
  const open = async (): Promise<WatchedDatabase> =>
    kind === 'sqlite' ? watchedFile() : await watchedPostgresql();
  const all = migrationNames(kind).length;

  describe(`on ${kind}`, { skip: kind === 'postgresql' && (await withoutPostgresql()) }, () => {
    let whole: readonly unknown[];
    before(async () => {
      const database = await open();
      await migrate(database.location);
      whole = await database.schema();
      await database.close();
    });

    for (const name of ['migrate', 'serve', 'older'] as const) {
      test(`what ${ROUNDS} kills of ${NAMES[name]} leave is brought up`, async (t) => {
        let half = 0;
        for (let round = 0; round < ROUNDS; round++) {
          const database = await open();
          await killAt(PROCESSES[name](database), database, round);
          const { begun, finished } = await database.noted();
          if (begun > 0 && finished < all) half++;
          await bringUp(database, round, whole);
          await database.close();
        }
        t.diagnostic(`${half} of ${ROUNDS} were left half done`);
        assert.ok(half >= ROUNDS / 4, `only ${half} of ${ROUNDS} were left half done`);
      });
    }
  });
}
