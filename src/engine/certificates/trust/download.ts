import { Agent, type Dispatcher, request } from 'undici';

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

/** The download failed. The message is a sentence for the operator and contains no URL. */
export class DownloadFailed extends Error {
  override readonly name = 'DownloadFailed';
}

/**
 * Downloads a small file over HTTP within limits of time and size. Redirections are not followed: the file carries
 * a signature, but requests must go only to configured servers.
 * @throws {DownloadFailed}
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
      throw new DownloadFailed(`the server answered ${answer.statusCode}`);
    }
    return { bytes: await readBody(answer.body, maxBytes), etag: tag };
  } catch (error) {
    if (error instanceof DownloadFailed) throw error;
    const { name, code } = error as NodeJS.ErrnoException;
    if (name === 'TimeoutError') throw new DownloadFailed(`no complete answer within ${timeoutMs} ms`);
    throw new DownloadFailed(`no answer (${code ?? name})`);
  }
}

/** Leaving the loop destroys the stream and closes its connection. */
async function readBody(body: AsyncIterable<Buffer>, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > maxBytes) throw new DownloadFailed(`the answer is longer than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
