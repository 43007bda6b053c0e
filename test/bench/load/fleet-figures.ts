import { join } from 'node:path';
import type { DatabaseLocation } from '../../../src/storage/connections/database-url.ts';
import { freshDatabase, withoutPostgresql } from '../../support/postgresql.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import type { Measured } from './client.ts';
import { fillFleet, tokenOf } from './fleet.ts';
import { type Generator, post } from './generator.ts';
import { median } from './known.ts';
import { type MeasuredServer, startReference, startThingPass } from './servers.ts';

/** What a large table does to a server whose memory holds none of it. */
export interface FleetFigures {
  readonly database: 'SQLite' | 'PostgreSQL';
  /** Every request another device: requests per second, and beside the empty Fastify route. */
  readonly cold: { readonly perSecond: number; readonly ratio: number };
  /** Ten thousand devices connect, first to a server that was just started, then again. */
  readonly reconnect: { readonly cold: Measured; readonly warm: Measured };
  /** Resident bytes after all of that. */
  readonly memory: number;
}

export interface FleetEffort {
  readonly devices: number;
  readonly rounds: number;
  readonly coldRequests: number;
}

const IN_FLIGHT = 64;
const RECONNECTING = 10_000;
const RECONNECT_CONNECTIONS = 100;

/** @returns a sentence instead where there is no PostgreSQL. */
export async function measureFleet(
  kind: 'sqlite' | 'postgresql',
  generator: Generator,
  effort: FleetEffort,
): Promise<FleetFigures | string> {
  if (kind === 'sqlite') {
    const file = join(temporaryFolder(), 'fleet.db');
    return onDatabase({ kind, file }, `file:${file}`, generator, effort);
  }
  const missing = await withoutPostgresql();
  if (missing !== false) return missing;
  const database = await freshDatabase();
  try {
    return await onDatabase(database.location, database.location.url, generator, effort);
  } finally {
    await database.drop();
  }
}

async function onDatabase(
  location: DatabaseLocation,
  url: string,
  generator: Generator,
  { devices, rounds, coldRequests }: FleetEffort,
): Promise<FleetFigures> {
  await fillFleet(location, devices);
  const fastify = await startReference('fastify');
  let thingpass = await startThingPass({ DATABASE_URL: url });
  try {
    const ratios: number[] = [];
    const rates: number[] = [];
    // Steps through the whole table, so that no page of it is near the one before.
    const step = Math.floor(devices / 7) + 1;
    let device = 0;
    const strangers = (count: number): string[] =>
      Array.from({ length: count }, () => {
        device = (device + step) % devices;
        return post('/v1/connect', { clientId: 'c', username: tokenOf(device) });
      });
    for (let round = 0; round < rounds; round++) {
      const requests = strangers(coldRequests);
      const empty = requests.map(() => post('/', { clientId: 'c', username: tokenOf(0) }));
      const reference = await each(generator, fastify, empty, IN_FLIGHT);
      const cold = await each(generator, thingpass, requests, IN_FLIGHT);
      rates.push(cold.answered / cold.seconds);
      ratios.push(cold.answered / cold.seconds / (reference.answered / reference.seconds));
    }
    const memory = thingpass.memory();
    await thingpass.stop();
    thingpass = await startThingPass({ DATABASE_URL: url });
    const fleet = strangers(RECONNECTING);
    const coldReconnect = await each(generator, thingpass, fleet, RECONNECT_CONNECTIONS);
    const warmReconnect = await each(generator, thingpass, fleet, RECONNECT_CONNECTIONS);
    return {
      database: location.kind === 'sqlite' ? 'SQLite' : 'PostgreSQL',
      cold: { perSecond: median(rates), ratio: median(ratios) },
      reconnect: { cold: coldReconnect, warm: warmReconnect },
      memory,
    };
  } finally {
    await fastify.stop();
    await thingpass.stop();
  }
}

function each(
  generator: Generator,
  server: MeasuredServer,
  requests: readonly string[],
  connections: number,
): Promise<Measured> {
  return generator.run({
    port: server.port,
    connections,
    requests,
    until: 'each_once',
    expect: '"allow"',
  });
}
