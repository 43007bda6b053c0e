import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * A TCP proxy in front of a PostgreSQL that can cut connections without a word, as a firewall does that forgot them: both
 * ends stay open and nothing passes any more.
 */
export class CuttingProxy {
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  readonly port: number;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  static async start(target: number): Promise<CuttingProxy> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const proxy = new CuttingProxy(server, (server.address() as { port: number }).port);
    server.on('connection', (client) => {
      const pair = new Pair(client, connect(target, '127.0.0.1'));
      proxy.#pairs.add(pair);
      client.once('close', () => proxy.#pairs.delete(pair));
    });
    return proxy;
  }

  /** The same database through this proxy. */
  through(url: string): string {
    const changed = new URL(url);
    changed.port = String(this.port);
    return changed.toString();
  }

  /** Cuts the connections there are now that listen to a channel, or all; later ones pass. @returns how many. */
  cut(which: 'listening' | 'all'): number {
    const chosen = [...this.#pairs].filter((pair) => !pair.silent && (which === 'all' || pair.listening));
    for (const pair of chosen) pair.silent = true;
    return chosen.length;
  }

  close(): void {
    for (const pair of this.#pairs) pair.destroy();
    this.#server.close();
  }
}

class Pair {
  readonly #client: Socket;
  readonly #target: Socket;
  silent = false;
  listening = false;

  constructor(client: Socket, target: Socket) {
    this.#client = client;
    this.#target = target;
    client.on('data', (bytes) => {
      if (bytes.includes('LISTEN ')) this.listening = true;
      if (!this.silent) target.write(bytes);
    });
    target.on('data', (bytes) => {
      if (!this.silent) client.write(bytes);
    });
    for (const [one, other] of [
      [client, target],
      [target, client],
    ] as const) {
      one.on('error', () => undefined);
      one.on('close', () => {
        if (!this.silent) other.destroy();
      });
    }
  }

  destroy(): void {
    this.#client.destroy();
    this.#target.destroy();
  }
}
