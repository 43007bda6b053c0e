import type { Server } from 'node:http';
import { Duplex } from 'node:stream';

/** What an HTTP server answered. */
export interface WireReply {
  readonly status: number;
  readonly body: string;
}

/** The server closed the connection without an answer, or did neither in time. */
export class NoReply extends Error {
  override readonly name = 'NoReply';
}

/** The server’s end of a connection that exists in memory only: what it writes is kept, what it reads is pushed. */
class MemoryConnection extends Duplex {
  /** The address that the server sees. */
  readonly remoteAddress: string | undefined;
  readonly #received: Buffer[] = [];

  constructor(remoteAddress: string | undefined) {
    super();
    this.remoteAddress = remoteAddress;
  }

  get received(): Buffer {
    return Buffer.concat(this.#received);
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#received.push(chunk);
    done();
  }

  /** Servers set it, on sockets; nothing here idles. */
  setTimeout(): this {
    return this;
  }
}

const LONGEST_MS = 30_000;

/**
 * Lets a server answer a request that came over no network, from its parser to its last handler.
 * @param bytes a request with `connection: close`. @param peer from which address it seems to come.
 * @throws {NoReply} when there is no answer.
 */
export async function askWithoutNetwork(
  server: Server,
  bytes: Buffer,
  peer: string | undefined,
): Promise<WireReply> {
  const connection = new MemoryConnection(peer);
  const ended = new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new NoReply('the endpoint does not answer')), LONGEST_MS);
    const end = (): void => {
      clearTimeout(timer);
      resolve();
    };
    connection.once('finish', end).once('close', end).once('error', end);
  });
  // "Any Duplex stream can be passed" (Node's documentation of the event).
  server.emit('connection', connection);
  connection.push(bytes);
  try {
    await ended;
  } finally {
    connection.destroy();
  }
  return readReply(connection.received);
}

function readReply(received: Buffer): WireReply {
  const headEnd = received.indexOf('\r\n\r\n');
  const status = /^HTTP\/1\.1 (\d{3})/.exec(received.toString('latin1', 0, 12))?.[1];
  if (headEnd === -1 || status === undefined)
    throw new NoReply('the connection was closed without an answer');
  return { status: Number(status), body: received.toString('utf8', headEnd + 4) };
}
