import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { DatabaseLocation } from '../../src/storage/connections/database-url.ts';
import { CuttingProxy } from '../storage/support/cutting-proxy.ts';
import { type Delays, distribution } from '../storage/support/deciders.ts';
import { type Expectation, Fleet, SEEN_FROM_OUTSIDE } from '../storage/support/fleet.ts';
import { onEachDatabase } from '../storage/support/on-each-database.ts';
import { without } from '../support/machine.ts';
import { freshDatabase, OwnPostgresql, type TestDatabase } from '../support/postgresql.ts';
import { Installation, type ServerProcess } from '../support/process.ts';
import { Seat } from './support/seat.ts';

/*
 * The promise as a broker sees it: whichever worker of whichever replica is asked next, within one second of a change it decides
 * by it. Changes are made beside the servers, as the command line makes them. `npm run soak` makes a thousand.
 */
const SOAK = process.env.THINGPASS_SOAK === '1';
const CHANGES = SOAK ? 1_000 : 20;
const BOUND_MS = 1_000;

/** Servers on one database, and a seat at each of their workers. */
class Replicas {
  readonly #servers: ServerProcess[] = [];
  readonly seats: Seat[] = [];

  /** @param workers of each server. */
  static async start(url: string, workers: readonly number[]): Promise<Replicas> {
    const replicas = new Replicas();
    for (const count of workers) {
      const server = await new Installation({
        DATABASE_URL: url,
        THINGPASS_WORKERS: String(count),
        THINGPASS_PORT: '0',
      }).serve();
      replicas.#servers.push(server);
      replicas.seats.push(...(await Seat.atAll(server.url, count)));
    }
    return replicas;
  }

  async obey(expectations: readonly Expectation[], since: number): Promise<Delays> {
    return Promise.all(
      expectations.flatMap((expectation) => this.seats.map((seat) => seat.obey(expectation, since))),
    );
  }

  async stop(): Promise<void> {
    for (const seat of this.seats) seat.close();
    await Promise.all(this.#servers.map((server) => server.stop()));
  }
}

async function makeChanges(
  fleet: Fleet,
  replicas: Replicas,
  count: number,
  disturb: (change: number) => Promise<void> = async () => undefined,
): Promise<Delays> {
  const delays: Delays = [];
  await replicas.obey(fleet.all(), performance.now());
  for (let change = 0; change < count; change++) {
    await disturb(change);
    const expectations = await fleet.change(SEEN_FROM_OUTSIDE);
    delays.push(...(await replicas.obey(expectations, performance.now())));
  }
  // Nothing has turned back meanwhile.
  await replicas.obey(fleet.all(), performance.now());
  return delays;
}

function judge(what: string, delays: Delays): void {
  console.log(`${what}: ${distribution(delays)}`);
  assert.ok(Math.max(...delays) < BOUND_MS, `obeyed within ${BOUND_MS} ms`);
}

const urlOf = (location: DatabaseLocation): string =>
  location.kind === 'sqlite' ? `file:${location.file}` : location.url;

onEachDatabase((database) => {
  test('every worker of every replica obeys every change', { timeout: 1_200_000 }, async () => {
    // SQLite is for one server; its workers, and a writer beside it, are processes all the same.
    const replicas = await Replicas.start(
      urlOf(database.location),
      database.kind === 'sqlite' ? [2] : [2, 1, 1],
    );
    try {
      const fleet = new Fleet(database.sql);
      await fleet.begin(20);
      const delays = await makeChanges(fleet, replicas, CHANGES);
      judge(`${CHANGES} changes on ${database.kind}, ${replicas.seats.length} processes that decide`, delays);
    } finally {
      await replicas.stop();
    }
  });
});

test('on a PostgreSQL in trouble', {
  skip: without('postgresql'),
  timeout: 1_200_000,
}, async (context) => {
  const server = await OwnPostgresql.start();
  let database: TestDatabase;
  let proxy: CuttingProxy;
  let fleet: Fleet;
  let replicas: Replicas;
  context.before(async () => {
    database = await freshDatabase(server.url);
    proxy = await CuttingProxy.start(server.port);
    replicas = await Replicas.start(proxy.through(database.location.url), [2, 1, 1]);
    fleet = new Fleet((text, ...values) => {
      let count = 0;
      return database.sql(
        text.replace(/\?/g, () => `$${++count}`),
        values,
      );
    });
    await fleet.begin(20);
  });
  context.after(async () => {
    await replicas.stop();
    proxy.close();
    await server.stop();
  });

  await context.test('listening connections that are cut without a word', async () => {
    let cut = 0;
    const delays = await makeChanges(fleet, replicas, SOAK ? 400 : 5, async (change) => {
      if (change % (SOAK ? 20 : 4) !== 0) return;
      await wait(Math.random() * 300);
      cut += proxy.cut('listening');
    });
    assert.ok(cut >= 8, `${cut} connections were cut`);
    judge(`${cut} listening connections cut`, delays);
  });

  await context.test('a server that is started again', async () => {
    const delays = await makeChanges(fleet, replicas, SOAK ? 200 : 6, async (change) => {
      if (change % (SOAK ? 40 : 5) !== 0) return;
      await server.stop();
      await wait(Math.random() * 1_000);
      await server.resume();
    });
    judge('PostgreSQL started again', delays);
  });
});
