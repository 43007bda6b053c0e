/** One value of a metric, with its labels. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A histogram of durations: a count for each bucket, and the sum in seconds. */
export interface HistogramSample {
  readonly labels: Readonly<Record<string, string>>;
  /** One count for each bound of the family, and one for longer durations; not cumulative. */
  readonly counts: readonly number[];
  readonly sum: number;
}

interface FamilyHead {
  /** Begins with `thingpass_` and ends with its unit; a counter ends with `_total`. */
  readonly name: string;
  readonly help: string;
}

/** All values of one metric, as plain data: workers send theirs to the primary, which adds them up. */
export type MetricFamily =
  | (FamilyHead & { readonly type: 'counter'; readonly samples: readonly Sample[] })
  | (FamilyHead & {
      readonly type: 'gauge';
      /** How the values of several workers become one. */
      readonly together: 'sum' | 'max' | 'min';
      readonly samples: readonly Sample[];
    })
  | (FamilyHead & {
      readonly type: 'histogram';
      /** Upper bounds in seconds, ascending. */
      readonly bounds: readonly number[];
      readonly samples: readonly HistogramSample[];
    });

/** Merges the metrics of several workers. Kinds and bounds agree, since all run the same program. */
export function together(snapshots: readonly (readonly MetricFamily[])[]): MetricFamily[] {
  const families = new Map<string, MetricFamily>();
  for (const family of snapshots.flat()) {
    const known = families.get(family.name);
    families.set(family.name, known === undefined ? family : joined(known, family));
  }
  return [...families.values()];
}

function joined(one: MetricFamily, other: MetricFamily): MetricFamily {
  if (one.type === 'histogram' && other.type === 'histogram') {
    const samples = joinSamples(one.samples, other.samples, (a, b) => ({
      labels: a.labels,
      counts: a.counts.map((count, index) => count + (b.counts[index] ?? 0)),
      sum: a.sum + b.sum,
    }));
    return { ...one, samples };
  }
  if (one.type === 'histogram' || other.type === 'histogram') return one;
  const join = one.type === 'gauge' ? JOINS[one.together] : JOINS.sum;
  const samples = joinSamples(one.samples, other.samples, (a, b) => ({
    labels: a.labels,
    value: join(a.value, b.value),
  }));
  return { ...one, samples };
}

const JOINS = {
  sum: (one: number, other: number) => one + other,
  max: Math.max,
  min: Math.min,
} as const;

function joinSamples<One extends { readonly labels: Sample['labels'] }>(
  ones: readonly One[],
  others: readonly One[],
  join: (one: One, other: One) => One,
): One[] {
  const samples = new Map(ones.map((sample) => [labelKey(sample.labels), sample]));
  for (const sample of others) {
    const key = labelKey(sample.labels);
    const known = samples.get(key);
    samples.set(key, known === undefined ? sample : join(known, sample));
  }
  return [...samples.values()];
}

function labelKey(labels: Sample['labels']): string {
  return JSON.stringify(Object.entries(labels).sort());
}
