import { Agent, request } from 'node:http';
import type { Expectation } from '../../storage/support/fleet.ts';

const GIVE_UP_MS = 30_000;
/** An answer counts as obeyed when it stays for so many questions. */
const STAYS = 3;

/** One connection to a server, and so to one of its workers: whatever is asked over it, the same process decides. */
export class Seat {
  readonly #url: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  private constructor(url: string) {
    this.#url = url;
  }

  /** A seat at each worker of a server; at the server itself where it has none. */
  static async atAll(url: string, workers: number): Promise<Seat[]> {
    const seats = new Map<number, Seat>();
    for (let tries = 0; seats.size < workers; tries++) {
      if (tries === 50) throw new Error(`${seats.size} of ${workers} workers answer`);
      const seat = new Seat(url);
      const { worker = 1 } = JSON.parse(await seat.#send('GET', '/livez')) as { worker?: number };
      if (seats.has(worker)) seat.close();
      else seats.set(worker, seat);
    }
    return [...seats.values()];
  }

  /** What the next decision about this token is, in the words of {@link Expectation}. */
  async decide(token: string): Promise<string> {
    const detail = JSON.parse(await this.#send('POST', '/v1/connect', JSON.stringify({ username: token })));
    if (detail.result !== 'allow') return `${detail.result} ${detail.reason}`;
    return `allow ${detail.device.id} ${detail.role} ${detail.expiresAt ?? 'for ever'}`;
  }

  /**
   * Asks again and again until the expected is said.
   * @param since when the change had been committed, by `performance.now()`.
   * @returns how many milliseconds later the last question was asked that anything else was said to; "cannot decide" lets nobody
   *   in and does not count.
   */
  async obey({ what, id, decided }: Expectation, since: number): Promise<number> {
    let lastOther = since;
    for (let same = 0; same < STAYS; ) {
      const now = performance.now();
      const detail = await this.decide(id);
      if (detail === decided) same++;
      else {
        same = 0;
        if (!detail.startsWith('unavailable')) lastOther = now;
      }
      if (now - since > GIVE_UP_MS) throw new Error(`${what}: ${id} is told ${detail}, not ${decided}`);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return lastOther - since;
  }

  close(): void {
    this.#agent.destroy();
  }

  #send(method: string, path: string, body?: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const sent = request(
        this.#url + path,
        { method, agent: this.#agent, headers: { 'content-type': 'application/json' } },
        (response) => {
          let text = '';
          response.on('data', (chunk: Buffer) => {
            text += chunk;
          });
          response.on('end', () => resolve(text));
        },
      );
      sent.on('error', reject).end(body);
    });
  }
}
