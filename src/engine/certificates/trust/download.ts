import { Agent, type Dispatcher, request } from 'undici';

/** So many connections to one server at once; whoever comes then waits within the time that it has. */
const CONNECTIONS = 16;

/** Connections of their own, so that those who opened them can end them. */
export function openConnections(): Agent {
  return new Agent({ connections: CONNECTIONS, keepAliveTimeout: 4_000 });
}

export interface DownloadOptions {
  readonly connections: Dispatcher;
  /** For the whole answer. */
  readonly timeoutMs: number;
  readonly mostBytes: number;
  readonly method?: 'GET' | 'POST';
  readonly body?: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Downloaded {
  /** `undefined` where the server says that nothing changed (304). */
  readonly bytes: Buffer | undefined;
  readonly etag: string | undefined;
}

/** Nothing of use came; the sentence is for the operator and holds no URL. */
export class DownloadFailed extends Error {
  override readonly name = 'DownloadFailed';
}

/**
 * Fetches something small over HTTP, within bounds of time and size, whatever the server does. Redirections are not
 * followed: what is fetched bears its own signature, but a request must go nowhere that nobody configured.
 * @throws {DownloadFailed}
 */
export async function download(url: string, options: DownloadOptions): Promise<Downloaded> {
  const { connections, timeoutMs, mostBytes, method = 'GET', body, headers } = options;
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
      throw new DownloadFailed(`the server answers ${answer.statusCode}`);
    }
    return { bytes: await readBody(answer.body, mostBytes), etag: tag };
  } catch (error) {
    if (error instanceof DownloadFailed) throw error;
    const { name, code } = error as NodeJS.ErrnoException;
    if (name === 'TimeoutError') throw new DownloadFailed(`no whole answer within ${timeoutMs} ms`);
    throw new DownloadFailed(`no answer (${code ?? name})`);
  }
}

/** Leaving the loop destroys the stream, and with it the connection. */
async function readBody(body: AsyncIterable<Buffer>, mostBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > mostBytes) throw new DownloadFailed(`an answer of more than ${mostBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
