import { DecisionMetrics } from './decision-metrics.ts';
import type { MetricFamily } from './family.ts';

/** Gives families at the moment they are asked for. */
export type MetricSource = () => readonly MetricFamily[] | Promise<readonly MetricFamily[]>;

/**
 * The metrics of one process: plain counters where things happen, put together when somebody looks. Labels are few and from
 * closed lists; no client, device or credential is ever one.
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
