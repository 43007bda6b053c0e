import type { Duplex } from 'node:stream';
import { waitAtMost } from '../../util/wait-at-most.ts';

/** How waiting for an answer ended. */
export type WaitResult = 'answered' | 'closed' | 'failed' | 'timeout';

/** Longer than any expected answer. A server may send without end; further bytes are dropped. */
const MAX_KEPT_BYTES = 64 * 1024;

/**
 * Buffers the bytes received over a connection until they are taken. Listens from the start, so that nothing is
 * missed.
 */
export class Conversation {
  readonly #stream: Duplex;
  #bytes: Buffer = Buffer.alloc(0);
  #closed = false;
  #wake: () => void = () => undefined;
  error: Error | undefined;

  constructor(stream: Duplex) {
    this.#stream = stream;
    stream.on('data', (chunk: Buffer) => {
      const room = MAX_KEPT_BYTES - this.#bytes.length;
      if (room <= 0) return;
      this.#bytes = Buffer.concat([this.#bytes, chunk.subarray(0, room)]);
      this.#wake();
    });
    const close = (): void => {
      this.#closed = true;
      this.#wake();
    };
    stream.on('end', close);
    stream.on('close', close);
    stream.on('error', (error: Error) => {
      this.error ??= error;
      close();
    });
  }

  get bytes(): Buffer {
    return this.#bytes;
  }

  send(bytes: Uint8Array | string): void {
    if (!this.#closed) this.#stream.write(bytes);
  }

  /** Removes and returns the first bytes received. */
  take(count: number): Buffer {
    const taken = this.#bytes.subarray(0, count);
    this.#bytes = this.#bytes.subarray(count);
    return taken;
  }

  /** Waits until the received bytes are enough, the other side closes, or the time is over. */
  async wait(enough: (bytes: Buffer) => boolean, milliseconds: number): Promise<WaitResult> {
    const end = Date.now() + milliseconds;
    for (;;) {
      if (enough(this.#bytes)) return 'answered';
      // An alert may follow the end of the data; its error event comes a moment later.
      if (this.#closed && this.error === undefined) await pause(20);
      if (this.error !== undefined) return 'failed';
      if (this.#closed) return 'closed';
      const left = end - Date.now();
      if (left <= 0) return 'timeout';
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      await waitAtMost(woken, left, () => undefined);
    }
  }

  end(): void {
    this.#stream.destroy();
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds).unref();
  });
}
