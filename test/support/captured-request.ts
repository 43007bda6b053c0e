import { connect, type Socket } from 'node:net';
import { goldenBytes } from './golden.ts';

/** A request as a real broker wrote it, apart from its target. */
export interface CapturedRequest {
  readonly method: string;
  /** The path as captured, without the query. */
  readonly path: string;
  /** The query with its leading `?`; empty when there is none. */
  readonly query: string;
  /** From the end of the target on: ` HTTP/1.1`, headers, body. */
  readonly rest: Buffer;
  readonly body: Buffer;
}

export function readCapture(path: string): CapturedRequest {
  const bytes = goldenBytes(path);
  const [method = '', target = ''] = bytes.toString('latin1', 0, bytes.indexOf('\r\n')).split(' ');
  const mark = target.indexOf('?');
  return {
    method,
    path: mark === -1 ? target : target.slice(0, mark),
    query: mark === -1 ? '' : target.slice(mark),
    rest: bytes.subarray(method.length + 1 + target.length),
    body: bytes.subarray(bytes.indexOf('\r\n\r\n') + 4),
  };
}

/** The captured bytes with another path; nothing else differs. */
export function withPath(request: CapturedRequest, path: string): Buffer {
  return Buffer.concat([Buffer.from(`${request.method} ${path}${request.query}`, 'latin1'), request.rest]);
}

export interface RawReply {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** One TCP connection, written to as bytes; answers come back in order, as HTTP promises. */
export class RawConnection {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #closed = false;
  #wake: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
    const closed = () => {
      this.#closed = true;
      this.#wake();
    };
    socket.on('close', closed).on('error', closed);
  }

  static open(port: number): Promise<RawConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('connect', () => resolve(new RawConnection(socket)));
      socket.once('error', reject);
    });
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  /** The next answer on this connection. @throws when the connection ends, or is silent for five seconds, before it. */
  async reply(): Promise<RawReply> {
    for (;;) {
      const complete = takeReply(this.#received);
      if (complete !== undefined) {
        this.#received = this.#received.subarray(complete.length);
        return complete.reply;
      }
      if (this.#closed) throw new Error('the connection was closed before the answer was complete');
      await this.#more();
    }
  }

  close(): void {
    this.#socket.destroy();
  }

  #more(): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('no answer within five seconds')), 5_000);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function takeReply(bytes: Buffer): { readonly reply: RawReply; readonly length: number } | undefined {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd === -1) return undefined;
  const [statusLine = '', ...lines] = bytes.toString('latin1', 0, headEnd).split('\r\n');
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  const bodyLength = Number(headers.get('content-length') ?? Number.NaN);
  if (Number.isNaN(bodyLength)) throw new Error('the answer has no content-length');
  const length = headEnd + 4 + bodyLength;
  if (bytes.length < length) return undefined;
  const reply = {
    status: Number(statusLine.split(' ')[1]),
    headers,
    body: bytes.toString('utf8', headEnd + 4, length),
  };
  return { reply, length };
}
