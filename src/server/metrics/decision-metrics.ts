import type { Decision } from '../../model/decision.ts';
import type { BrokerName } from '../../model/question.ts';
import type { MetricFamily } from './family.ts';

/** Upper bounds of the buckets, in seconds: from an answer out of memory to the time budget. */
const BOUNDS = [0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5] as const;

/** Counts the decisions of one endpoint. The endpoint holds it, so counting looks up the reason only. */
export class EndpointMetrics {
  readonly broker: BrokerName;
  readonly kind: string;
  readonly #counts = { allow: 0, deny: new Map<string, number>() };
  readonly #others = new Map<string, number>();
  readonly #durations = new Array<number>(BOUNDS.length + 1).fill(0);
  #seconds = 0;

  constructor(broker: BrokerName, kind: string) {
    this.broker = broker;
    this.kind = kind;
  }

  /** @param milliseconds from the end of the request to its answer. */
  decided(decision: Decision, milliseconds: number): void {
    if (decision.outcome === 'allow') this.#counts.allow++;
    else if (decision.outcome === 'deny') increment(this.#counts.deny, decision.reason);
    else increment(this.#others, `${decision.outcome} ${decision.reason}`);
    const seconds = milliseconds / 1_000;
    let bucket = 0;
    while (bucket < BOUNDS.length && seconds > (BOUNDS[bucket] as number)) bucket++;
    this.#durations[bucket] = (this.#durations[bucket] as number) + 1;
    this.#seconds += seconds;
  }

  /** The count of each result: `[result, reason, count]`. The reason of an allow is empty. */
  *results(): Generator<[string, string, number]> {
    if (this.#counts.allow > 0) yield ['allow', '', this.#counts.allow];
    for (const [reason, count] of this.#counts.deny) yield ['deny', reason, count];
    for (const [key, count] of this.#others) {
      const [result, reason] = key.split(' ') as [string, string];
      yield [result, reason, count];
    }
  }

  get durations(): { readonly counts: readonly number[]; readonly sum: number } {
    return { counts: [...this.#durations], sum: this.#seconds };
  }
}

function increment(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** The metrics of all endpoints. */
export class DecisionMetrics {
  readonly #endpoints = new Map<string, EndpointMetrics>();

  /** Endpoints with one name, such as the same question in two formats, share their counts. */
  endpoint(broker: BrokerName, kind: string): EndpointMetrics {
    const key = `${broker} ${kind}`;
    const known = this.#endpoints.get(key);
    if (known !== undefined) return known;
    const metrics = new EndpointMetrics(broker, kind);
    this.#endpoints.set(key, metrics);
    return metrics;
  }

  families(): MetricFamily[] {
    const used = [...this.#endpoints.values()].filter(({ durations }) =>
      durations.counts.some((count) => count > 0),
    );
    return [
      {
        name: 'thingpass_decisions_total',
        help: 'Decisions by broker, kind of question, result and reason; the reason of an allow is empty.',
        type: 'counter',
        samples: used.flatMap((endpoint) =>
          [...endpoint.results()].map(([result, reason, value]) => ({
            labels: { broker: endpoint.broker, kind: endpoint.kind, result, reason },
            value,
          })),
        ),
      },
      {
        name: 'thingpass_decision_duration_seconds',
        help: 'Time from the end of a request to its answer.',
        type: 'histogram',
        bounds: BOUNDS,
        samples: used.map(({ broker, kind, durations }) => ({
          labels: { broker, kind },
          counts: durations.counts,
          sum: durations.sum,
        })),
      },
    ];
  }
}
