import type { Handler, Handlers } from './channel.ts';

/** What one worker answered; `worker` is its number, from 1. */
export interface Gathered<Answer> {
  readonly answers: readonly { readonly worker: number; readonly answer: Answer }[];
  /** Those that did not answer in time, failed, or are being replaced just now. */
  readonly silent: readonly number[];
}

/** The methods of a port that lives in the primary, each of which returns a promise; none may be left out. */
export type Methods<Port> = { readonly [Method in keyof Port]: true };

/**
 * The processes that are one server: workers, which decide, and one primary, which writes, counts and gathers. A server of one
 * process is its own primary and its only worker. The parts of a server are put together in the same way in each of
 * them, and speak to each other through this. Payloads and answers are plain data.
 */
export interface ProcessGroup {
  readonly role: 'single' | 'primary' | 'worker';
  /** Which worker this is, from 1; its replacement has the same number. */
  readonly worker?: number | undefined;
  /** Answers whatever is asked or told under this name. What it throws goes to the caller, without its stack. */
  handle(name: string, handler: Handler): void;
  /** @throws {ThingPassError} `peer_unavailable` when there is no answer in time. */
  askPrimary<Answer>(name: string, payload: unknown, withinMs?: number): Promise<Answer>;
  /** Not waited for; dropped while the primary is far behind. */
  tellPrimary(name: string, payload: unknown): void;
  /** Asks every worker, and waits for as long as it takes the slowest, but no longer than the time. */
  gather<Answer>(name: string, payload: unknown, withinMs?: number): Promise<Gathered<Answer>>;
  /** Tells every worker, this one too. One that starts later does not hear of it: it asks the primary for what is so far. */
  broadcast(name: string, payload: unknown): void;
  /**
   * A port of which there is one, in the primary: given there and registered, asked from afar in workers.
   * @param port left alone in workers.
   */
  inPrimary<Port extends object>(name: string, port: Port, methods: Methods<Port>, withinMs?: number): Port;
  /** Codes of what is wrong with the others, for readiness. */
  problems(): Promise<readonly string[]>;
}

/** The server is this process. */
export function singleProcess(): ProcessGroup {
  const handlers: Handlers = new Map();
  const ask = async <Answer>(name: string, payload: unknown): Promise<Answer> => {
    const handler = handlers.get(name);
    if (handler === undefined) throw new Error(`nobody here answers ${name}`);
    return (await handler(payload as never)) as Answer;
  };
  return {
    role: 'single',
    handle: (name, handler) => void handlers.set(name, handler),
    askPrimary: ask,
    tellPrimary: (name, payload) => void handlers.get(name)?.(payload as never),
    async gather<Answer>(name: string, payload: unknown) {
      return { answers: [{ worker: 1, answer: await ask<Answer>(name, payload) }], silent: [] };
    },
    broadcast: (name, payload) => void handlers.get(name)?.(payload as never),
    inPrimary: (_name, port) => port,
    problems: async () => [],
  };
}

type AnyMethod = (...values: readonly unknown[]) => Promise<unknown>;

/** Lets others ask for the port's methods, by `<name>.<method>`. */
export function servePort<Port extends object>(
  handlers: Handlers,
  name: string,
  port: Port,
  methods: Methods<Port>,
): Port {
  for (const method of Object.keys(methods)) {
    handlers.set(`${name}.${method}`, (values: readonly unknown[]) =>
      (port as Record<string, AnyMethod>)[method]?.(...values),
    );
  }
  return port;
}

/** The same port, asked from afar. */
export function remotePort<Port extends object>(
  ask: (name: string, payload: unknown) => Promise<unknown>,
  name: string,
  methods: Methods<Port>,
): Port {
  const remote: Record<string, AnyMethod> = {};
  for (const method of Object.keys(methods)) {
    remote[method] = (...values) => ask(`${name}.${method}`, values);
  }
  return remote as Port;
}
