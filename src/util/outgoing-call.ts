import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Agent } from 'undici';

const load = createRequire(import.meta.url);

/** A request to an address that an operator configured. */
export interface OutgoingCall {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** What a call may cost. Times in milliseconds. */
export interface CallBounds {
  readonly tries: number;
  /** For one try, its whole answer included. */
  readonly tryMs: number;
  /** For all tries and the pauses between them. */
  readonly totalMs: number;
  /** Before the second try; each further pause is twice as long. */
  readonly pauseMs: number;
  /** Of an answer. */
  readonly mostBytes: number;
}

export interface CallAnswer {
  readonly status: number;
  readonly body: string;
}

/** Nothing of use came; the sentence is for the operator and holds neither URL nor headers: secrets may stand in them. */
export class CallFailed extends Error {
  override readonly name = 'CallFailed';
}

/** So many connections to one server at once. */
const CONNECTIONS = 8;

/**
 * Connections for such calls. Certificates are verified whatever the process's environment says, against Node's authorities and
 * those of `NODE_EXTRA_CA_CERTS`. The client is loaded for the first call: most installations make none.
 */
export class OutgoingConnections {
  #agent: Agent | undefined;

  request(url: string, options: Omit<NonNullable<Parameters<Undici['request']>[1]>, 'dispatcher'>) {
    const { Agent, request } = load('undici') as Undici;
    this.#agent ??= new Agent({
      connections: CONNECTIONS,
      keepAliveTimeout: 4_000,
      connect: { rejectUnauthorized: true },
    });
    return request(url, { ...options, dispatcher: this.#agent });
  }

  /** Ends calls under way. */
  async destroy(): Promise<void> {
    await this.#agent?.destroy();
  }
}

type Undici = typeof import('undici');

/** Answers that another try may mend. */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429]);

/**
 * Asks, and asks again where no answer came or one that may pass, with growing pauses, within the bounds. Redirections are not
 * followed: what is sent is for the configured address alone.
 * @param stopping ends everything at once.
 * @returns any answer that another try would not mend, whatever its status.
 * @throws {CallFailed} with what went wrong in the last try.
 */
export async function callOut(
  connections: OutgoingConnections,
  call: OutgoingCall,
  bounds: CallBounds,
  stopping?: AbortSignal,
): Promise<CallAnswer> {
  const end = AbortSignal.timeout(bounds.totalMs);
  const signal = stopping === undefined ? end : AbortSignal.any([end, stopping]);
  for (let attempt = 1; ; attempt++) {
    try {
      return await callOnce(connections, call, bounds, signal);
    } catch (error) {
      if (attempt === bounds.tries || signal.aborted) throw error;
      const pauseMs = bounds.pauseMs * 2 ** (attempt - 1) * (0.75 + Math.random() / 2);
      // Ended early by the signal: what went wrong before is what there is to say.
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) throw error;
    }
  }
}

async function callOnce(
  connections: OutgoingConnections,
  { method, url, headers, body }: OutgoingCall,
  { tryMs, mostBytes }: CallBounds,
  whole: AbortSignal,
): Promise<CallAnswer> {
  try {
    const answer = await connections.request(url, {
      method,
      headers: headers ?? {},
      ...(body === undefined ? {} : { body }),
      signal: AbortSignal.any([whole, AbortSignal.timeout(tryMs)]),
    });
    const text = await readBody(answer.body, mostBytes);
    const status = answer.statusCode;
    if (status >= 500 || PASSING.has(status)) throw new CallFailed(`the server answers ${status}`);
    return { status, body: text };
  } catch (error) {
    if (error instanceof CallFailed) throw error;
    const { name, code } = error as NodeJS.ErrnoException;
    if (name === 'TimeoutError') throw new CallFailed('no whole answer in time');
    throw new CallFailed(`no answer (${code ?? name})`);
  }
}

/** Leaving the loop destroys the stream, and with it the connection. */
async function readBody(body: AsyncIterable<Buffer>, mostBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > mostBytes) throw new CallFailed(`an answer of more than ${mostBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
