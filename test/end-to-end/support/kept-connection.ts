import { connect, type Socket } from 'node:net';
import { bytesOf, type RawReply, type RawRequest, readReplies } from '../abuse/support/wire.ts';

/** A connection that stays, as brokers have it: one request after the other, each once the one before is answered. */
export class KeptConnection {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #before: Promise<unknown> = Promise.resolve();
  #answered: { resolve(reply: RawReply): void; reject(error: Error): void } | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => this.#answered?.reject(new Error('the server closed the connection')));
  }

  static open(port: number): Promise<KeptConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      socket.once('error', reject);
      socket.once('connect', () => resolve(new KeptConnection(socket)));
    });
  }

  /** So many, a few at a time: more than wait to be accepted would be refused. */
  static async openAll(port: number, count: number): Promise<KeptConnection[]> {
    const connections: KeptConnection[] = [];
    while (connections.length < count) {
      const some = Math.min(100, count - connections.length);
      connections.push(...(await Promise.all(Array.from({ length: some }, () => KeptConnection.open(port)))));
    }
    return connections;
  }

  /** @throws when the server closes the connection instead. */
  ask(request: RawRequest): Promise<RawReply> {
    const reply = this.#before.then(() => this.#exchange(request));
    this.#before = reply.catch(() => undefined);
    return reply;
  }

  close(): void {
    this.#socket.destroy();
  }

  #exchange(request: RawRequest): Promise<RawReply> {
    return new Promise((resolve, reject) => {
      if (this.#socket.destroyed) {
        reject(new Error('the connection is closed'));
        return;
      }
      this.#answered = { resolve, reject };
      this.#socket.write(bytesOf(request));
    });
  }

  #take(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const [reply] = readReplies(this.#received).replies;
    if (reply === undefined) return;
    this.#received = Buffer.alloc(0);
    this.#answered?.resolve(reply);
    this.#answered = undefined;
  }
}

/** A request that posts JSON. */
export function jsonRequest(target: string, body: object): RawRequest {
  return {
    method: 'POST',
    target,
    headers: [['content-type', 'application/json']] as const,
    body: Buffer.from(JSON.stringify(body)),
  };
}
