import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

/** Much longer than any handshake; later bytes are not kept. */
const MAX_KEPT_BYTES = 256 * 1024;

/**
 * A connection that records its bytes, so that the handshake can be read: Node sorts the server's chain by issuer
 * and does not expose a request for a client certificate.
 */
export class SocketTap extends Duplex {
  readonly #socket: Socket;
  readonly #received: Buffer[] = [];
  readonly #sent: Buffer[] = [];
  #kept = 0;

  constructor(socket: Socket) {
    super();
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#keep(this.#received, chunk);
      if (!this.push(chunk)) socket.pause();
    });
    socket.on('end', () => this.push(null));
    socket.on('error', (error) => this.destroy(error));
    socket.on('close', () => this.destroy());
  }

  get received(): Buffer {
    return Buffer.concat(this.#received);
  }

  get sent(): Buffer {
    return Buffer.concat(this.#sent);
  }

  #keep(list: Buffer[], chunk: Buffer): void {
    if (this.#kept >= MAX_KEPT_BYTES) return;
    this.#kept += chunk.length;
    list.push(Buffer.from(chunk));
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#keep(this.#sent, chunk);
    this.#socket.write(chunk, done);
  }

  override _final(done: () => void): void {
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }
}
