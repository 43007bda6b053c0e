import cluster, { type Worker as Process } from 'node:cluster';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import { ThingPassError } from '../../model/errors.ts';
import { afterDeath, type Deaths } from './backoff.ts';
import { ANSWER_WITHIN_MS, Channel, type Handlers } from './channel.ts';
import { type Gathered, type ProcessGroup, servePort } from './group.ts';

/** A worker's place: its number stays while processes come and go. */
interface Place {
  readonly number: number;
  process?: Process | undefined;
  channel?: Channel | undefined;
  startedAt: number;
  listening: boolean;
  deaths: Deaths;
  pause?: NodeJS.Timeout | undefined;
  /** Questions in a row to which it said nothing. */
  silences: number;
}

/** Where the workers listen. */
export type Listening = Pick<AddressInfo, 'address' | 'port'> & { readonly family: 'IPv4' | 'IPv6' };

export interface PrimaryOptions {
  /** What a worker runs. */
  readonly script?: string;
  /** Workers are asked for a sign of life so often, */
  readonly signEveryMs?: number;
  /** have so long to give it, and are ended when they owe two: one may be owed to a machine that slept. */
  readonly signWithinMs?: number;
}

const MOST_SILENCES = 2;
/** A worker has ten seconds to answer what is under way; one that is not gone after this is ended. */
const LONGEST_STOP_MS = 12_000;

/** The primary's side of a crew: starts workers, keeps their number, answers them. It serves no connection itself. */
export class Primary implements ProcessGroup {
  readonly role = 'primary';
  readonly #log: Logger;
  readonly #handlers: Handlers = new Map();
  readonly #places: readonly Place[];
  readonly #options: Required<PrimaryOptions>;
  #stopping = false;
  #started = false;
  #onListening: (listening: Listening) => void = () => undefined;
  #onFailure: (error: Error) => void = () => undefined;
  #onEnd: () => void = () => undefined;
  #signs: NodeJS.Timeout | undefined;

  /**
   * @param settings an environment for workers to read, whatever becomes of the files it came from.
   */
  constructor(
    count: number,
    settings: Readonly<Record<string, string>>,
    log: Logger,
    { script = workerProcess(), signEveryMs = 5_000, signWithinMs = 15_000 }: PrimaryOptions = {},
  ) {
    this.#log = log;
    this.#options = { script, signEveryMs, signWithinMs };
    this.#places = Array.from({ length: count }, (_, index) => newPlace(index + 1));
    this.handle('gather', ({ name, payload, withinMs }: GatherRequest) =>
      this.gather(name, payload, withinMs),
    );
    this.handle('broadcast', ({ name, payload }: GatherRequest) => this.broadcast(name, payload));
    this.handle('settings', () => settings);
    this.handle('troubles', () => this.problems());
  }

  /**
   * Starts the workers.
   * @returns where they listen, once all do.
   * @throws {ThingPassError} `worker_failed` when one ends before.
   */
  async start(): Promise<Listening> {
    cluster.setupPrimary({
      exec: this.#options.script,
      args: [],
      // Carries Maps, bytes and dates as they are.
      serialization: 'advanced',
    });
    cluster.on('exit', this.#exited);
    cluster.on('listening', this.#listens);
    const listening = new Promise<Listening>((resolve, reject) => {
      this.#onListening = resolve;
      this.#onFailure = reject;
    });
    for (const place of this.#places) this.#fork(place);
    const where = await listening;
    this.#started = true;
    this.#signs = setInterval(() => this.#askForSigns(), this.#options.signEveryMs);
    return where;
  }

  /** Workers take no new connections, answer what is under way, and end. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#signs);
    for (const { pause } of this.#places) clearTimeout(pause);
    const ended = new Promise<void>((resolve) => {
      this.#onEnd = resolve;
    });
    for (const { channel } of this.#places) channel?.tell('stop', undefined);
    const cut = setTimeout(() => {
      for (const { process } of this.#places) process?.process.kill('SIGKILL');
    }, LONGEST_STOP_MS);
    if (this.#living().length > 0) await ended;
    clearTimeout(cut);
    cluster.off('exit', this.#exited);
    cluster.off('listening', this.#listens);
  }

  handle: ProcessGroup['handle'] = (name, handler) => void this.#handlers.set(name, handler);

  async askPrimary<Answer>(name: string, payload: unknown): Promise<Answer> {
    const handler = this.#handlers.get(name);
    if (handler === undefined) throw new Error(`nobody here answers ${name}`);
    return (await handler(payload as never)) as Answer;
  }

  tellPrimary(name: string, payload: unknown): void {
    this.#handlers.get(name)?.(payload as never);
  }

  async gather<Answer>(
    name: string,
    payload: unknown,
    withinMs = ANSWER_WITHIN_MS,
  ): Promise<Gathered<Answer>> {
    const silent: number[] = [];
    const answers: { worker: number; answer: Answer }[] = [];
    await Promise.all(
      this.#places.map(async ({ number, channel, listening }) => {
        try {
          if (channel === undefined || !listening) throw new Error('not there');
          answers.push({ worker: number, answer: await channel.ask<Answer>(name, payload, withinMs) });
        } catch {
          silent.push(number);
        }
      }),
    );
    answers.sort((one, other) => one.worker - other.worker);
    silent.sort((one, other) => one - other);
    return { answers, silent };
  }

  broadcast(name: string, payload: unknown): void {
    for (const { channel } of this.#places) channel?.tell(name, payload);
  }

  inPrimary: ProcessGroup['inPrimary'] = (name, port, methods) =>
    servePort(this.#handlers, name, port, methods);

  async problems(): Promise<readonly string[]> {
    return this.#places.every(({ listening }) => listening) ? [] : ['workers_missing'];
  }

  #fork(place: Place): void {
    const { number } = place;
    const process = cluster.fork({ WORKER_NUMBER: String(number) });
    const channel = new Channel((message, sent) => {
      process.send(message as never, sent);
    }, this.#handlers);
    // A message to a worker that is gone; its exit is what counts.
    process.on('error', () => undefined);
    process.on('message', (message) => channel.receive(message));
    Object.assign(place, { process, channel, startedAt: performance.now(), listening: false, silences: 0 });
  }

  readonly #listens = (process: Process, { address, port, addressType }: ClusterAddress): void => {
    const place = this.#placeOf(process);
    if (place === undefined) return;
    place.listening = true;
    const afterMs = Math.round(performance.now() - place.startedAt);
    this.#log.info({ worker: place.number, pid: process.process.pid, afterMs }, 'a worker listens');
    if (!this.#started && this.#places.every(({ listening }) => listening)) {
      this.#onListening({ address, port, family: addressType === 6 ? 'IPv6' : 'IPv4' });
    }
  };

  readonly #exited = (process: Process, code: number | null, signal: string | null): void => {
    const place = this.#placeOf(process);
    if (place === undefined) return;
    place.channel?.end();
    Object.assign(place, { process: undefined, channel: undefined, listening: false });
    if (this.#stopping) {
      if (this.#living().length === 0) this.#onEnd();
      return;
    }
    const livedMs = Math.round(performance.now() - place.startedAt);
    const facts = { worker: place.number, pid: process.process.pid, code, signal, livedMs };
    if (!this.#started) {
      this.#log.error(facts, 'a worker ended before it listened');
      this.#onFailure(
        new ThingPassError(
          'worker_failed',
          `worker ${place.number} ended with ${signal ?? code} before it listened`,
        ),
      );
      return;
    }
    const { deaths, pauseMs } = afterDeath(place.deaths, livedMs);
    place.deaths = deaths;
    this.#log.error({ ...facts, deaths, replacedInMs: pauseMs }, 'a worker ended and will be replaced');
    place.pause = setTimeout(() => this.#fork(place), pauseMs);
  };

  /** A worker that is caught in a loop serves nobody, and those it serves wait for it. */
  #askForSigns(): void {
    for (const place of this.#places) {
      const { channel, process } = place;
      if (!place.listening || channel === undefined) continue;
      channel.ask('sign', undefined, this.#options.signWithinMs).then(
        () => {
          place.silences = 0;
        },
        () => {
          if (place.process !== process || ++place.silences < MOST_SILENCES) return;
          this.#log.error(
            { worker: place.number, pid: process?.process.pid },
            'a worker is silent and is ended',
          );
          process?.process.kill('SIGKILL');
        },
      );
    }
  }

  #living(): readonly Place[] {
    return this.#places.filter(({ process }) => process !== undefined);
  }

  #placeOf(process: Process): Place | undefined {
    return this.#places.find((place) => place.process?.id === process.id);
  }
}

interface GatherRequest {
  readonly name: string;
  readonly payload: unknown;
  readonly withinMs?: number;
}

interface ClusterAddress {
  readonly address: string;
  readonly port: number;
  readonly addressType: number | string;
}

/** Built, or from the sources where tests run them. */
function workerProcess(): string {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return fileURLToPath(new URL(`../worker-process.${extension}`, import.meta.url));
}

function newPlace(number: number): Place {
  return { number, startedAt: 0, listening: false, deaths: 0, silences: 0 };
}
