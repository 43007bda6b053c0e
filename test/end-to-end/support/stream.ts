import { request } from 'node:http';

export interface Streamed {
  readonly allowed: number;
  /** Answers other than allow. */
  readonly other: readonly string[];
  /** Requests whose connection broke. */
  readonly failed: number;
  /** Those of them that were sent so late after connecting that a stopping server may have taken the client for one that idles. */
  readonly late: number;
  /** How long answers took, in milliseconds: the slowest, and what 99 of 100 were quicker than. */
  readonly slowest: number;
  readonly p99: number;
}

/** A server that stops gives a new connection that long to say what it wants. */
const FIRST_REQUEST_MS = 100;

/** Clients that connect one after the other, each over a new connection, for as long as it is not stopped. */
export class Stream {
  readonly #url: string;
  readonly #body: string;
  readonly #clients: Promise<void>[];
  #going = true;
  #allowed = 0;
  #failed = 0;
  #late = 0;
  #answers = 0;
  readonly #waiting = new Set<{ readonly until: number; readonly resolve: () => void }>();
  readonly #took: number[] = [];
  readonly #other: string[] = [];

  /** @param token of a device that must be admitted. @param clients at a time. */
  constructor(url: string, token: string, clients: number) {
    this.#url = `${url}/v1/connect`;
    this.#body = JSON.stringify({ username: token });
    this.#clients = Array.from({ length: clients }, () => this.#client());
  }

  /** Until so many more answers have come. */
  answered(count: number): Promise<void> {
    return new Promise((resolve) => this.#waiting.add({ until: this.#answers + count, resolve }));
  }

  async stop(): Promise<Streamed> {
    this.#going = false;
    await Promise.all(this.#clients);
    const took = this.#took.toSorted((one, other) => one - other);
    const [slowest = 0, p99 = 0] = [took.at(-1), took[Math.floor(took.length * 0.99)]];
    return {
      allowed: this.#allowed,
      other: this.#other,
      failed: this.#failed,
      late: this.#late,
      slowest,
      p99,
    };
  }

  async #client(): Promise<void> {
    while (this.#going) {
      const since = performance.now();
      try {
        const answer = await this.#ask();
        this.#took.push(performance.now() - since);
        this.#count();
        if (answer.includes('"result":"allow"')) this.#allowed++;
        else this.#other.push(answer);
      } catch {
        this.#failed++;
      }
    }
  }

  #count(): void {
    this.#answers++;
    for (const one of this.#waiting) {
      if (this.#answers < one.until) continue;
      this.#waiting.delete(one);
      one.resolve();
    }
  }

  #ask(): Promise<string> {
    const since = performance.now();
    let sentAfterMs = Number.POSITIVE_INFINITY;
    return new Promise((resolve, reject) => {
      const sent = request(
        this.#url,
        { method: 'POST', agent: false, headers: { 'content-type': 'application/json' }, timeout: 60_000 },
        (response) => {
          let text = '';
          response.on('data', (chunk: Buffer) => {
            text += chunk;
          });
          response.on('end', () => resolve(text));
          response.on('error', reject);
        },
      );
      sent.on('timeout', () => sent.destroy(new Error('no answer')));
      sent.on('finish', () => {
        sentAfterMs = performance.now() - since;
      });
      sent.on('error', (error) => {
        if (sentAfterMs > FIRST_REQUEST_MS) this.#late++;
        reject(error);
      });
      sent.end(this.#body);
    });
  }
}
