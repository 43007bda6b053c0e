import { connect, createServer, type Server, type Socket } from 'node:net';

/** What becomes of connections: they pass, break, say nothing any more, or say everything so much later. */
export type Fault = 'none' | 'down' | 'silent' | { readonly delayMs: number };

/** A TCP proxy in front of a database, with faults that strike the connections there are and those to come. */
export class FaultyProxy {
  readonly #target: number;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  readonly #server: Server;
  #fault: Fault = 'none';
  #port = 0;

  private constructor(target: number) {
    this.#target = target;
    this.#server = createServer((client) => this.#accept(client));
  }

  static async start(target: number): Promise<FaultyProxy> {
    const proxy = new FaultyProxy(target);
    await proxy.#listen();
    return proxy;
  }

  /** The same database through this proxy. */
  through(url: string): string {
    const changed = new URL(url);
    changed.hostname = '127.0.0.1';
    changed.port = String(this.#port);
    return changed.toString();
  }

  /** What was silent stays so: bytes that were swallowed are lost. */
  async become(fault: Fault): Promise<void> {
    const was = this.#fault;
    this.#fault = fault;
    if (fault === 'down') {
      this.#breakAll();
      await new Promise((resolve) => this.#server.close(resolve));
    } else if (was === 'silent') {
      this.#breakAll();
    }
    if (was === 'down' && fault !== 'down') await this.#listen();
  }

  close(): void {
    this.#breakAll();
    this.#server.close();
  }

  #listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject).listen(this.#port, '127.0.0.1', () => {
        this.#port = (this.#server.address() as { port: number }).port;
        resolve();
      });
    });
  }

  #accept(client: Socket): void {
    const target = connect(this.#target, '127.0.0.1');
    const pair = [client, target] as const;
    this.#pairs.add(pair);
    for (const [one, other] of [pair, [target, client]] as const) {
      one.on('data', (bytes: Buffer) => this.#pass(bytes, other));
      one.on('error', () => undefined);
      one.on('close', () => {
        this.#pairs.delete(pair);
        other.destroy();
      });
    }
  }

  #pass(bytes: Buffer, to: Socket): void {
    if (this.#fault === 'silent') return;
    if (typeof this.#fault === 'string') to.write(bytes);
    // Timers of one length fire in the order in which they were set.
    else setTimeout(() => to.write(bytes), this.#fault.delayMs);
  }

  #breakAll(): void {
    for (const [client, target] of this.#pairs) {
      client.destroy();
      target.destroy();
    }
    this.#pairs.clear();
  }
}
