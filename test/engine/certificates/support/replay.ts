import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';

/** What a request's handler was given, and what the client was answered. */
export interface Replay {
  readonly status: number;
  /** Absent where Node refused before any handler ran. */
  readonly rawHeaders: readonly string[] | undefined;
  readonly body: Buffer;
}

interface Seen {
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
}

/** A real `node:http` server on loopback that takes note of requests, one at a time. */
export class ReplayServer {
  readonly #server: Server;
  #seen: Seen | undefined;

  private constructor(maxHeaderSize: number | undefined) {
    this.#server = createServer(maxHeaderSize === undefined ? {} : { maxHeaderSize }, (request, reply) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        this.#seen = { rawHeaders: request.rawHeaders, body: Buffer.concat(chunks) };
        reply.end();
      });
    });
  }

  /** @param maxHeaderSize in bytes; Node's default when absent. */
  static async start(maxHeaderSize?: number): Promise<ReplayServer> {
    const server = new ReplayServer(maxHeaderSize);
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Writes the bytes on a connection of their own and waits for the status line. */
  async replay(bytes: Buffer): Promise<Replay> {
    this.#seen = undefined;
    const { port } = this.#server.address() as AddressInfo;
    const status = await new Promise<number>((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
      let received = '';
      socket.on('data', (chunk) => {
        received += chunk.toString('latin1');
        const match = /^HTTP\/1\.1 ([0-9]{3})/.exec(received);
        if (match === null) return;
        resolve(Number(match[1]));
        socket.destroy();
      });
      // Node resets the connection when it has answered 431 before everything was written.
      socket.on('error', (error) => reject(error));
      socket.on('close', () => reject(new Error(`closed after "${received.slice(0, 40)}"`)));
    });
    return { status, ...this.#noted() };
  }

  #noted(): { rawHeaders: readonly string[] | undefined; body: Buffer } {
    return this.#seen ?? { rawHeaders: undefined, body: Buffer.alloc(0) };
  }
}

/**
 * Header names and values straight from the bytes, with folded and bare-LF lines joined: for messages that Node refuses
 * and whose certificate is there all the same.
 */
export function headersInBytes(bytes: Buffer): string[] {
  const lines = bytes
    .toString('latin1')
    .replace(/\r\n\r\n.*$/s, '')
    .split(/\r\n|\n(?![\t ])/);
  return lines.slice(1).flatMap((line) => {
    const colon = line.indexOf(':');
    return colon < 0 ? [] : [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
}

/** One request with these header lines, values in Latin-1 as `rawHeaders` has them. */
export function requestWith(headers: readonly (readonly [string, string])[]): Buffer {
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return Buffer.from(`GET /replay HTTP/1.1\r\nHost: localhost\r\n${lines}\r\n`, 'latin1');
}
