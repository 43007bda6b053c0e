import { execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chownSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import type { PostgresqlLocation } from '../../src/storage/connections/database-url.ts';
import { POSTGRESQL_BINARIES, without } from './machine.ts';
import { temporaryFolder } from './temporary-folder.ts';

const LOCAL = 'postgresql://postgres@127.0.0.1:5432/postgres';

/** A database of the test's own, gone when the process asks for it or the server ends. */
export interface TestDatabase {
  readonly location: PostgresqlLocation;
  /** Runs SQL as the owner, through a connection of its own. */
  sql<Row extends object = Record<string, unknown>>(
    text: string,
    values?: readonly unknown[],
  ): Promise<Row[]>;
  drop(): Promise<void>;
}

let server: Promise<string> | undefined;

/**
 * The administrator's URL of a PostgreSQL for tests: `THINGPASS_TEST_POSTGRESQL`, or the one that runs on this machine and
 * lets `postgres` in, or one started for this process out of Debian's binaries.
 * @throws {Error} whose message says why there is none.
 */
export function postgresqlServer(): Promise<string> {
  server ??= findServer();
  return server;
}

/** Why tests that need a PostgreSQL cannot run here; `false` where they can. For `{ skip }`. */
export async function withoutPostgresql(): Promise<string | false> {
  try {
    await postgresqlServer();
    return false;
  } catch (error) {
    return (error as Error).message;
  }
}

/** @param administrator another server than the one that tests share. */
export async function freshDatabase(administrator?: string): Promise<TestDatabase> {
  const admin = administrator ?? (await postgresqlServer());
  const name = `thingpass_test_${randomUUID().replaceAll('-', '')}`;
  await query(admin, `CREATE DATABASE ${name}`);
  const url = new URL(admin);
  url.pathname = `/${name}`;
  const location = { kind: 'postgresql', url: url.toString() } as const;
  return {
    location,
    sql: (text, values) => query(location.url, text, values),
    drop: async () => {
      await query(admin, `DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

/** A PostgreSQL server of the test's own, which it may stop and start again. */
export class OwnPostgresql {
  readonly #binaries: string;
  readonly #folder: string;
  readonly #user: { uid: number; gid: number } | undefined;
  readonly port: number;
  #running: ReturnType<typeof spawn> | undefined;

  private constructor(binaries: string, folder: string, port: number) {
    this.#binaries = binaries;
    this.#folder = folder;
    this.port = port;
    this.#user = serverUser();
  }

  /** @throws {Error} where Debian's binaries are not installed. */
  static async start(): Promise<OwnPostgresql> {
    const binaries = newestBinaries();
    if (binaries === undefined) throw new Error(without('postgresql') || 'no PostgreSQL');
    const own = new OwnPostgresql(binaries, temporaryFolder(), await freePort());
    if (own.#user !== undefined) chownSync(own.#folder, own.#user.uid, own.#user.gid);
    await promisify(execFile)(
      join(binaries, 'initdb'),
      [
        '-D',
        join(own.#folder, 'data'),
        '-U',
        'postgres',
        '-A',
        'trust',
        '-E',
        'UTF8',
        '--locale=C',
        '--no-sync',
      ],
      { ...own.#user, cwd: own.#folder },
    );
    process.once('exit', () => own.#running?.kill('SIGQUIT'));
    await own.resume();
    return own;
  }

  get url(): string {
    return `postgresql://postgres@127.0.0.1:${this.port}/postgres`;
  }

  async resume(): Promise<void> {
    this.#running = spawn(
      join(this.#binaries, 'postgres'),
      [
        '-D',
        join(this.#folder, 'data'),
        '-p',
        String(this.port),
        '-k',
        this.#folder,
        '-c',
        'fsync=off',
        '-c',
        'max_connections=500',
      ],
      { ...this.#user, cwd: this.#folder, stdio: 'ignore' },
    );
    // Whoever uses it ends when its own work is done, and the server with it.
    this.#running.unref();
    for (let attempt = 0; ; attempt++) {
      try {
        await query(this.url, 'SELECT 1');
        return;
      } catch (error) {
        if (attempt === 200) throw error;
        await wait(50);
      }
    }
  }

  /** Ends the server as a crash does: connections break, nothing is tidied up. */
  async stop(): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    this.#running = undefined;
    const ended = new Promise((resolve) => running.once('exit', resolve));
    running.ref();
    running.kill('SIGQUIT');
    await ended;
  }
}

async function findServer(): Promise<string> {
  const named = process.env.THINGPASS_TEST_POSTGRESQL;
  if (named !== undefined && named !== '') {
    await query(named, 'SELECT 1');
    return named;
  }
  try {
    await query(LOCAL, 'SELECT 1');
    return LOCAL;
  } catch {
    return (await OwnPostgresql.start()).url;
  }
}

async function query<Row extends object>(
  url: string,
  text: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 60_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Row & pg.QueryResultRow>(text, [...values])).rows;
  } finally {
    await client.end();
  }
}

function newestBinaries(): string | undefined {
  if (!existsSync(POSTGRESQL_BINARIES)) return undefined;
  const [newest] = readdirSync(POSTGRESQL_BINARIES).sort((one, other) => Number(other) - Number(one));
  return newest === undefined ? undefined : join(POSTGRESQL_BINARIES, newest, 'bin');
}

/** PostgreSQL refuses to run as root; Debian's package brings a user for it. */
function serverUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((one) => one.startsWith('postgres:') || one.startsWith('nobody:'));
  const [, , uid, gid] = line?.split(':') ?? [];
  return { uid: Number(uid ?? 65_534), gid: Number(gid ?? 65_534) };
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}
