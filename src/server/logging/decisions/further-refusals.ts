import type { BrokerName } from '../../../model/question.ts';

/** How many refusals of one kind were counted instead of written. */
export interface RefusalSum {
  readonly broker: BrokerName;
  readonly endpoint: string;
  readonly reason: string;
  readonly count: number;
}

/** One line holds no more sums. */
const MOST_SUMS = 20;

/** Counts refusals by broker, endpoint and reason, and reports the sums at the end of each window. */
export class FurtherRefusals {
  readonly #windowMs: number;
  readonly #tell: (refusals: number, sums: readonly RefusalSum[]) => void;
  #counts = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  /** @param tell receives the total and the largest sums. */
  constructor(windowMs: number, tell: (refusals: number, sums: readonly RefusalSum[]) => void) {
    this.#windowMs = windowMs;
    this.#tell = tell;
  }

  count(broker: BrokerName, endpoint: string, reason: string): void {
    const key = `${broker} ${endpoint} ${reason}`;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    this.#timer ??= setTimeout(() => this.flush(), this.#windowMs).unref();
  }

  /** Ends the window. Also called when the server stops. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#counts.size === 0) return;
    const counts = [...this.#counts].sort(([, one], [, other]) => other - one);
    this.#counts = new Map();
    const sums = counts.slice(0, MOST_SUMS).map(([key, count]): RefusalSum => {
      const [broker, endpoint, reason] = key.split(' ') as [BrokerName, string, string];
      return { broker, endpoint, reason, count };
    });
    this.#tell(
      counts.reduce((sum, [, count]) => sum + count, 0),
      sums,
    );
  }
}
