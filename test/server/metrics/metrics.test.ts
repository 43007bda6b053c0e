import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CONNACK_ACCEPTED, deny, unavailable } from '../../../src/model/decision.ts';
import { DecisionMetrics } from '../../../src/server/metrics/decision-metrics.ts';
import { type MetricFamily, together } from '../../../src/server/metrics/family.ts';
import { prometheusText } from '../../../src/server/metrics/prometheus-text.ts';

const ALLOW = { outcome: 'allow', role: 'device', connack: CONNACK_ACCEPTED, steps: [] } as const;

function decided(): DecisionMetrics {
  const metrics = new DecisionMetrics();
  const connect = metrics.endpoint('emqx', 'connect');
  connect.decided(ALLOW, 0.2);
  connect.decided(ALLOW, 0.6);
  connect.decided(deny('credentials_unknown'), 7);
  connect.decided(unavailable('timed_out'), 3_000);
  metrics.endpoint('emqx', 'connect').decided(deny('credentials_unknown'), 7);
  metrics.endpoint('nanomq', 'topic');
  return metrics;
}

test('decisions are counted by result and reason, and their durations in buckets', () => {
  const text = prometheusText(decided().families());
  const lines = text.split('\n');
  for (const line of [
    '# TYPE thingpass_decisions_total counter',
    'thingpass_decisions_total{broker="emqx",kind="connect",result="allow",reason=""} 2',
    'thingpass_decisions_total{broker="emqx",kind="connect",result="deny",reason="credentials_unknown"} 2',
    'thingpass_decisions_total{broker="emqx",kind="connect",result="unavailable",reason="timed_out"} 1',
    '# TYPE thingpass_decision_duration_seconds histogram',
    'thingpass_decision_duration_seconds_bucket{broker="emqx",kind="connect",le="0.00025"} 1',
    'thingpass_decision_duration_seconds_bucket{broker="emqx",kind="connect",le="0.001"} 2',
    'thingpass_decision_duration_seconds_bucket{broker="emqx",kind="connect",le="0.01"} 4',
    'thingpass_decision_duration_seconds_bucket{broker="emqx",kind="connect",le="2.5"} 4',
    'thingpass_decision_duration_seconds_bucket{broker="emqx",kind="connect",le="+Inf"} 5',
    'thingpass_decision_duration_seconds_count{broker="emqx",kind="connect"} 5',
  ]) {
    assert.ok(lines.includes(line), `${line}\nis not in\n${text}`);
  }
  assert.ok(!text.includes('nanomq'), 'what was never used says nothing');
});

test('several workers are one server', () => {
  const gauge = (kind: 'sum' | 'max' | 'min', value: number): MetricFamily => ({
    name: `thingpass_${kind}`,
    help: kind,
    type: 'gauge',
    together: kind,
    samples: [{ labels: {}, value }],
  });
  const worker = (value: number) => [
    ...decided().families(),
    ...(['sum', 'max', 'min'] as const).map((kind) => gauge(kind, value)),
  ];
  const only: MetricFamily = {
    name: 'thingpass_only_total',
    help: 'of one worker',
    type: 'counter',
    samples: [{ labels: { a: 'x"\n\\' }, value: 1 }],
  };
  const lines = prometheusText(together([worker(1), [...worker(5), only], worker(3)])).split('\n');
  for (const line of [
    'thingpass_decisions_total{broker="emqx",kind="connect",result="allow",reason=""} 6',
    'thingpass_decision_duration_seconds_bucket{broker="emqx",kind="connect",le="0.01"} 12',
    'thingpass_decision_duration_seconds_count{broker="emqx",kind="connect"} 15',
    'thingpass_sum 9',
    'thingpass_max 5',
    'thingpass_min 1',
    'thingpass_only_total{a="x\\"\\n\\\\"} 1',
  ]) {
    assert.ok(lines.includes(line), line);
  }
  assert.equal(new Set(lines).size, lines.length, 'no line twice');
});
