import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MetricFamily } from '../../../src/server/metrics/family.ts';
import { prometheusText } from '../../../src/server/metrics/prometheus-text.ts';
import { type ProcessSnapshot, ServerMetrics } from '../../../src/server/metrics/server-metrics.ts';
import { type Gathered, type ProcessGroup, singleProcess } from '../../../src/server/process-group/group.ts';

const families = (count: number): MetricFamily[] => [
  { name: 'a_total', help: 'a', type: 'counter', samples: [{ labels: {}, value: count }] },
  {
    name: 'b_seconds',
    help: 'b',
    type: 'histogram',
    bounds: [1],
    samples: [{ labels: {}, counts: [count, 1], sum: count }],
  },
  { name: 'c', help: 'c', type: 'gauge', together: 'sum', samples: [{ labels: {}, value: count }] },
];

/** Workers 1 and 2, each as `[process, count]`, or silent. */
function crewOf(workers: () => readonly (readonly [string, number] | undefined)[]): ProcessGroup {
  const gather = async (): Promise<Gathered<ProcessSnapshot>> => {
    const now = workers();
    return {
      answers: now.flatMap((seen, index) =>
        seen === undefined
          ? []
          : [{ worker: index + 1, answer: { process: seen[0], families: families(seen[1]) } }],
      ),
      silent: now.flatMap((seen, index) => (seen === undefined ? [index + 1] : [])),
    };
  };
  return { ...singleProcess(), gather: gather as ProcessGroup['gather'] };
}

test('what counts up does not fall when workers are silent, or replaced', async () => {
  const metrics = new ServerMetrics();
  const seen: [readonly (readonly [string, number] | undefined)[], number, number][] = [
    [
      [
        ['one', 5],
        ['two', 7],
      ],
      12,
      12,
    ],
    [[undefined, ['two', 8]], 13, 8],
    [[undefined, undefined], 13, 0],
    // The first was only slow, the second is another one.
    [
      [
        ['one', 6],
        ['three', 1],
      ],
      15,
      7,
    ],
    [
      [
        ['four', 0],
        ['three', 2],
      ],
      16,
      2,
    ],
    [
      [
        ['five', 1],
        ['six', 1],
      ],
      18,
      2,
    ],
  ];
  for (const [workers, counted, gauge] of seen) {
    const text = prometheusText(await metrics.gather(crewOf(() => workers)));
    assert.match(text, new RegExp(`^a_total ${counted}$`, 'm'));
    assert.match(text, new RegExp(`^b_seconds_bucket\\{le="1"\\} ${counted}$`, 'm'));
    assert.match(text, new RegExp(`^b_seconds_sum ${counted}$`, 'm'));
    assert.equal(Number(/^c (\d+)$/m.exec(text)?.[1] ?? 0), gauge, 'what is now, is of those who are there');
  }
});

test('questions at the same time are one', async () => {
  const metrics = new ServerMetrics();
  let asked = 0;
  const processes = crewOf(() => [['one', ++asked]]);
  const [one, other] = await Promise.all([metrics.gather(processes), metrics.gather(processes)]);
  assert.deepEqual([one, asked], [other, 1]);
  await metrics.gather(processes);
  assert.equal(asked, 2);
});
