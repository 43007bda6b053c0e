import type { SheddingLimits } from '../config/config.ts';
import type { MetricFamily } from './metrics/family.ts';

const LOOK_EVERY_MS = 100;
/** One look may be late because of a single long task; load keeps coming. */
const LATE_LOOKS = 2;

/**
 * Refuses new questions while a process has too much to do: early, before their bodies are read, since a broker that is told
 * "not now" at once treats its client better than one that waits in vain.
 */
export class Shedding {
  readonly #limits: SheddingLimits;
  readonly #shed = { in_flight: 0, lag: 0 };
  readonly #timer: NodeJS.Timeout;
  #inFlight = 0;
  #lateLooks = 0;
  #expected = performance.now() + LOOK_EVERY_MS;

  constructor(limits: SheddingLimits) {
    this.#limits = limits;
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS).unref();
  }

  /** Whether a new question is refused, which is counted. */
  refuses(): boolean {
    if (this.#inFlight >= this.#limits.mostInFlight) this.#shed.in_flight++;
    else if (this.#lateLooks >= LATE_LOOKS) this.#shed.lag++;
    else return false;
    return true;
  }

  /** How many decisions are under way. */
  get inFlight(): number {
    return this.#inFlight;
  }

  begin(): void {
    this.#inFlight++;
  }

  end(): void {
    this.#inFlight--;
  }

  families(): MetricFamily[] {
    return [
      {
        name: 'thingpass_shed_total',
        help: 'Questions refused before they were read because of too much load, by what was too much.',
        type: 'counter',
        samples: (['in_flight', 'lag'] as const).map((by) => ({ labels: { by }, value: this.#shed[by] })),
      },
      {
        name: 'thingpass_in_flight',
        help: 'Decisions under way.',
        type: 'gauge',
        together: 'sum',
        samples: [{ labels: {}, value: this.#inFlight }],
      },
    ];
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const now = performance.now();
    this.#lateLooks = now - this.#expected > this.#limits.longestLagMs ? this.#lateLooks + 1 : 0;
    this.#expected = now + LOOK_EVERY_MS;
  }
}
