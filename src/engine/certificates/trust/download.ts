import { Agent, type Dispatcher, request } from 'undici';
import { isThingPassError, ThingPassError } from '../../../model/errors.ts';
import { readAtMost } from '../../../util/outgoing-call.ts';

/** Further requests wait in the queue, within their timeout. */
const MAX_CONNECTIONS_PER_SERVER = 16;

/** Opens a separate pool, so that its owner can close it. */
export function openConnections(): Agent {
  return new Agent({ connections: MAX_CONNECTIONS_PER_SERVER, keepAliveTimeout: 4_000 });
}

export interface DownloadOptions {
  readonly connections: Dispatcher;
  /** Limit for the complete answer. */
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly method?: 'GET' | 'POST';
  readonly body?: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Downloaded {
  /** `undefined` if the server answers that nothing changed (304). */
  readonly bytes: Buffer | undefined;
  readonly etag: string | undefined;
}

/**
 * Downloads a small file over HTTP within limits of time and size. Redirections are not followed: the file carries
 * a signature, but requests must go only to configured servers.
 * @throws {ThingPassError} `call_failed`
 */
export async function download(url: string, options: DownloadOptions): Promise<Downloaded> {
  const { connections, timeoutMs, maxBytes, method = 'GET', body, headers } = options;
  try {
    const answer = await request(url, {
      method,
      ...(body === undefined ? {} : { body: Buffer.from(body) }),
      ...(headers === undefined ? {} : { headers }),
      signal: AbortSignal.timeout(timeoutMs),
      dispatcher: connections,
    });
    const etag = answer.headers.etag;
    const tag = typeof etag === 'string' ? etag : undefined;
    if (answer.statusCode === 304) {
      await answer.body.dump();
      return { bytes: undefined, etag: tag };
    }
    if (answer.statusCode !== 200) {
      answer.body.on('error', () => undefined).destroy();
      throw new ThingPassError('call_failed', `the server answered ${answer.statusCode}`);
    }
    const bytes = await readAtMost(answer.body, maxBytes);
    if (bytes === undefined)
      throw new ThingPassError('call_failed', `the answer is longer than ${maxBytes} bytes`);
    return { bytes, etag: tag };
  } catch (error) {
    if (isThingPassError(error, 'call_failed')) throw error;
    const { name, code } = error as NodeJS.ErrnoException;
    if (name === 'TimeoutError')
      throw new ThingPassError('call_failed', `no complete answer within ${timeoutMs} ms`);
    throw new ThingPassError('call_failed', `no answer (${code ?? name})`);
  }
}
