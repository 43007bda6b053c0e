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

/** Limits of a call. Times are in milliseconds. */
export interface CallLimits {
  readonly tries: number;
  /** Timeout of one try, including the complete answer. */
  readonly tryMs: number;
  /** Timeout of all tries and pauses together. */
  readonly totalMs: number;
  /** The pause before the second try; each further pause is twice as long. */
  readonly pauseMs: number;
  /** Limit for the answer's body. */
  readonly maxBytes: number;
}

export interface CallAnswer {
  readonly status: number;
  readonly body: string;
}

/** The call failed. The message is a sentence for the operator without URL and headers, which may contain secrets. */
export interface CallFailure {
  readonly failure: string;
}

/** Further calls wait for a free connection. */
const MAX_CONNECTIONS_PER_SERVER = 8;

/**
 * The connections of outgoing calls. Certificates are always verified against Node's authorities and those of
 * `NODE_EXTRA_CA_CERTS`, whatever other environment variables say. The HTTP client is loaded on the first call,
 * because most installations make none.
 */
export class OutgoingConnections {
  #agent: Agent | undefined;

  request(url: string, options: Omit<NonNullable<Parameters<Undici['request']>[1]>, 'dispatcher'>) {
    const { Agent, request } = load('undici') as Undici;
    this.#agent ??= new Agent({
      connections: MAX_CONNECTIONS_PER_SERVER,
      keepAliveTimeout: 4_000,
      connect: { rejectUnauthorized: true },
    });
    return request(url, { ...options, dispatcher: this.#agent });
  }

  /** Aborts running calls. */
  async destroy(): Promise<void> {
    await this.#agent?.destroy();
  }
}

type Undici = typeof import('undici');

/** Statuses for which another try may succeed. */
const RETRYABLE_STATUSES: ReadonlySet<number> = new Set([408, 425, 429]);

/**
 * Makes a call and repeats it with growing pauses, within the limits, if there is no answer or a temporary failure.
 * Redirections are not followed, because the request is only for the configured address.
 * @param stopping aborts the call and all repetitions.
 * @returns any answer that another try would not change, whatever its status; or the reason of the last failure.
 */
export async function callOut(
  connections: OutgoingConnections,
  call: OutgoingCall,
  bounds: CallLimits,
  stopping?: AbortSignal,
): Promise<CallAnswer | CallFailure> {
  const end = AbortSignal.timeout(bounds.totalMs);
  const signal = stopping === undefined ? end : AbortSignal.any([end, stopping]);
  for (let attempt = 1; ; attempt++) {
    const result = await callOnce(connections, call, bounds, signal);
    if (!('failure' in result) || attempt === bounds.tries || signal.aborted) return result;
    const pauseMs = bounds.pauseMs * 2 ** (attempt - 1) * (0.75 + Math.random() / 2);
    // The signal ends the pause early; the reason of the last failure is returned then.
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return result;
  }
}

async function callOnce(
  connections: OutgoingConnections,
  { method, url, headers, body }: OutgoingCall,
  { tryMs, maxBytes }: CallLimits,
  whole: AbortSignal,
): Promise<CallAnswer | CallFailure> {
  try {
    const answer = await connections.request(url, {
      method,
      headers: headers ?? {},
      ...(body === undefined ? {} : { body }),
      signal: AbortSignal.any([whole, AbortSignal.timeout(tryMs)]),
    });
    const bytes = await readAtMost(answer.body, maxBytes);
    if (bytes === undefined) return { failure: `the answer is longer than ${maxBytes} bytes` };
    const status = answer.statusCode;
    if (status >= 500 || RETRYABLE_STATUSES.has(status)) return { failure: `the server answered ${status}` };
    return { status, body: bytes.toString('utf8') };
  } catch (error) {
    const { name, code } = error as NodeJS.ErrnoException;
    return {
      failure: name === 'TimeoutError' ? 'no complete answer in time' : `no answer (${code ?? name})`,
    };
  }
}

/**
 * Reads a body up to a limit. Leaving the loop destroys the stream and closes its connection.
 * @returns `undefined` if it is longer.
 */
export async function readAtMost(body: AsyncIterable<Buffer>, maxBytes: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
