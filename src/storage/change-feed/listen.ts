import { setTimeout as wait } from 'node:timers/promises';
import type pg from 'pg';
import type { PostgresqlLocation } from '../connections/database-url.ts';
import { connectionConfig, driver } from '../connections/postgresql-connection.ts';

/** Silence of this length is broken by a question: a connection that was cut without a word would be silent for ever. */
const BEAT_MS = 300;
/** A connection that answers no question within this time is given up. */
const ANSWER_MS = 500;
const CONNECT_MS = 1_000;
/** Notifications gather for this long before they are looked at, so that a busy writer does not mean a question for each. */
const GATHER_MS = 10;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1_000;

export interface Listening {
  /** `undefined`: nobody tells anything there (a standby server refuses to listen), and only the heartbeat goes on. */
  readonly channel: string | undefined;
  /**
   * Asks the database something and tells what it heard; called at once after a notification, else every 300 ms.
   * @param payloads of the notifications since the last time. @param first on this connection: some may have been missed.
   * @throws when the connection is no good; another takes its place.
   */
  beat(client: pg.Client, payloads: readonly string[], first: boolean): Promise<void>;
}

/**
 * Keeps one connection that listens to a channel, with a heartbeat, for as long as it is not closed. The first beat has
 * been made when this resolves.
 * @throws when the first connection cannot be made.
 */
export async function listen(
  location: PostgresqlLocation,
  listening: Listening,
): Promise<{ close(): Promise<void> }> {
  const config = connectionConfig(location, { connectMs: CONNECT_MS, answerMs: ANSWER_MS });
  const cleanup = new AbortController();
  let wake: () => void = () => undefined;
  let client: pg.Client | undefined;
  let payloads: string[] = [];

  async function connect(): Promise<pg.Client> {
    const made = new (driver().Client)(config);
    // Trouble wakes the loop, whose next beat then fails.
    made.on('error', () => wake());
    made.on('end', () => wake());
    made.on('notification', ({ payload }) => {
      payloads.push(payload ?? '');
      wake();
    });
    client = made;
    await made.connect();
    if (listening.channel !== undefined) await made.query(`LISTEN ${listening.channel}`);
    await listening.beat(made, [], true);
    return made;
  }

  async function beatUntilItFails(connection: pg.Client): Promise<void> {
    while (!cleanup.signal.aborted) {
      if (payloads.length === 0) await silence();
      if (payloads.length > 0) await wait(GATHER_MS);
      if (cleanup.signal.aborted) return;
      const heard = payloads;
      payloads = [];
      await listening.beat(connection, heard, false);
    }
  }

  function silence(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, BEAT_MS);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async function run(first: pg.Client): Promise<void> {
    let connection: pg.Client | undefined = first;
    let pause = FIRST_PAUSE_MS;
    while (!cleanup.signal.aborted) {
      try {
        connection ??= await connect();
        pause = FIRST_PAUSE_MS;
        await beatUntilItFails(connection);
      } catch {
        giveUp(client);
        connection = undefined;
        payloads = [];
        // Replicas must not come back in step.
        await wait(pause * (0.5 + Math.random()), undefined, cleanup).catch(() => undefined);
        pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
      }
    }
    giveUp(client);
  }

  let running: Promise<void>;
  try {
    running = run(await connect());
  } catch (error) {
    giveUp(client);
    throw error;
  }
  return {
    async close() {
      cleanup.abort();
      wake();
      giveUp(client);
      await running;
    },
  };
}

/** Ends a connection without waiting for the other side, which may be gone. */
function giveUp(client: pg.Client | undefined): void {
  client?.end().catch(() => undefined);
}
