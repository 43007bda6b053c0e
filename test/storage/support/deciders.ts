import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Report, Watch } from './deciding-process.ts';
import type { Expectation } from './fleet.ts';

/** How long after the commit each process was last asked and said something else, in milliseconds; 0 where none did. */
export type Delays = number[];

/** Processes that decide on one database; each change is put to all of them. */
export class Deciders {
  readonly #children: readonly ChildProcess[];
  readonly #waiting = new Map<number, (report: Extract<Report, { watch: number }>) => void>();
  #watches = 0;

  private constructor(children: readonly ChildProcess[]) {
    this.#children = children;
    for (const child of children) {
      child.on('message', (report: Report) => {
        if ('watch' in report) this.#waiting.get(report.watch)?.(report);
      });
    }
  }

  /** @param urls one DATABASE_URL for each process. */
  static async start(urls: readonly string[]): Promise<Deciders> {
    const script = fileURLToPath(new URL('./deciding-process.ts', import.meta.url));
    const children = urls.map((url) => fork(script, [url], { execArgv: ['--import', 'tsx'] }));
    const deciders = new Deciders(children);
    await Promise.all(
      children.map(async (child) => {
        const [report] = (await Promise.race([once(child, 'message'), once(child, 'exit')])) as [unknown];
        if (typeof report !== 'object') throw new Error(`a process ended with ${report}`);
      }),
    );
    return deciders;
  }

  /**
   * Waits until every process obeys.
   * @returns for each process and expectation, how long after `since` (milliseconds since 1970) it last did not.
   * @throws {Error} when one does not obey within half a minute.
   */
  async obey(expectations: readonly Expectation[], since: number): Promise<Delays> {
    const watched = expectations.flatMap((expectation) =>
      this.#children.map((child) => this.#watch(child, expectation, since)),
    );
    return Promise.all(watched);
  }

  async stop(): Promise<void> {
    await Promise.all(
      this.#children.map(async (child) => {
        if (child.exitCode !== null) return;
        const ended = once(child, 'exit');
        child.send('end');
        const cut = setTimeout(() => child.kill('SIGKILL'), 3_000);
        await ended;
        clearTimeout(cut);
      }),
    );
  }

  #watch(child: ChildProcess, { what, id, expected }: Expectation, since: number): Promise<number> {
    const watch: Watch = { watch: ++this.#watches, id, expected };
    return new Promise((resolve, reject) => {
      this.#waiting.set(watch.watch, ({ obeyed, lastOther, detail }) => {
        this.#waiting.delete(watch.watch);
        if (obeyed) resolve(Math.max(0, lastOther - since));
        else reject(new Error(`${what}: ${id} leads to ${detail}, not to ${expected}`));
      });
      child.send(watch);
    });
  }
}

/** The time as all processes of this machine tell it, in milliseconds since 1970. */
export function wallClock(): number {
  return performance.timeOrigin + performance.now();
}

/** The distribution in one line. */
export function distribution(delays: Delays): string {
  const sorted = [...delays].sort((one, other) => one - other);
  const at = (share: number): string =>
    `${(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(1)}`;
  return `${sorted.length} delays in ms: median ${at(0.5)}, 90 % ${at(0.9)}, 99 % ${at(0.99)}, longest ${at(1)}`;
}
