import { isThingPassError } from '../../model/errors.ts';
import { Channel, type Handlers } from './channel.ts';
import { type Gathered, type ProcessGroup, remotePort } from './group.ts';

/** Readiness does not wait for longer than this to hear of the others. */
const TROUBLES_WITHIN_MS = 500;

/** A worker's side of a crew, over the channel that its primary opened for it. */
export class WorkerCrew implements ProcessGroup {
  readonly role = 'worker';
  readonly worker: number;
  readonly #handlers: Handlers = new Map();
  readonly #primary: Channel;

  /** @param worker its number. */
  constructor(worker: number) {
    this.worker = worker;
    this.#primary = new Channel((message, sent) => {
      process.send?.(message, undefined, undefined, sent);
    }, this.#handlers);
    process.on('message', (message) => this.#primary.receive(message));
    this.handle('sign', () => true);
  }

  handle: ProcessGroup['handle'] = (name, handler) => void this.#handlers.set(name, handler);

  askPrimary<Answer>(name: string, payload: unknown, withinMs?: number): Promise<Answer> {
    return this.#primary.ask(name, payload, withinMs);
  }

  tellPrimary(name: string, payload: unknown): void {
    this.#primary.tell(name, payload);
  }

  gather<Answer>(name: string, payload: unknown, withinMs?: number): Promise<Gathered<Answer>> {
    return this.#primary.ask('gather', { name, payload, withinMs }, withinMs && withinMs + 1_000);
  }

  broadcast(name: string, payload: unknown): void {
    this.#primary.tell('broadcast', { name, payload });
  }

  inPrimary: ProcessGroup['inPrimary'] = (name, _port, methods, withinMs) =>
    remotePort((method, values) => this.#primary.ask(method, values, withinMs), name, methods);

  async problems(): Promise<readonly string[]> {
    try {
      return await this.#primary.ask<string[]>('troubles', undefined, TROUBLES_WITHIN_MS);
    } catch (error) {
      if (isThingPassError(error, 'peer_unavailable')) return ['primary_silent'];
      throw error;
    }
  }
}

/** Calls back once, for the first that comes of the primary's word to stop, SIGTERM and SIGINT, and then ends the process. */
export function onStop(processes: ProcessGroup, stop: () => Promise<void>): void {
  let begun = false;
  const begin = (): void => {
    if (begun) return;
    begun = true;
    stop().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  processes.handle('stop', begin);
  process.on('SIGTERM', begin);
  process.on('SIGINT', begin);
}
