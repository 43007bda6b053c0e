import { DecisionMetrics } from './decision-metrics.ts';
import type { MetricFamily } from './family.ts';

/** Returns the current families. */
export type MetricSource = () => readonly MetricFamily[] | Promise<readonly MetricFamily[]>;

/**
 * The metrics of one process: plain counters where things happen, collected when they are scraped. Labels come from short closed
 * lists; a client, device or credential is never a label.
 */
export class Metrics {
  readonly decisions = new DecisionMetrics();
  readonly #sources: MetricSource[] = [() => this.decisions.families()];

  add(source: MetricSource): void {
    this.#sources.push(source);
  }

  async families(): Promise<MetricFamily[]> {
    return (await Promise.all(this.#sources.map((source) => source()))).flat();
  }
}
