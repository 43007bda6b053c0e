import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { expiryFamilies } from '../../../src/server/metrics/expiry-metrics.ts';
import type { MetricFamily } from '../../../src/server/metrics/family.ts';
import { prometheusText } from '../../../src/server/metrics/prometheus-text.ts';
import { trustFamilies } from '../../../src/server/metrics/trust-metrics.ts';
import { without } from '../../support/machine.ts';
import { startTestServer } from '../../support/server.ts';

/* What deploy/grafana says of metrics is held to what a server tells. */

const FOLDER = fileURLToPath(new URL('../../../deploy/grafana/', import.meta.url));
const fileText = (name: string): string => readFileSync(join(FOLDER, name), 'utf8');

interface Metric {
  readonly type: string;
  readonly help: string;
  readonly labels: Set<string>;
  /** Values of each label, of those that come from a closed list that is written in expressions. */
  readonly values: Map<string, Set<string>>;
}

/** What only a server with authorities, lists and devices that run out would tell. */
const RARE: readonly MetricFamily[] = [
  ...trustFamilies({
    authorities: [{ subject: 'CN=x', sha256: 'ab', notAfter: 1 }],
    lists: [{ source: 'x', issuer: 'CN=x', thisUpdate: 0, nextUpdate: 1 }],
  }),
  ...expiryFamilies({
    counts: new Map([['certificate 7', 1]]),
    checkedTime: 1,
    noticesSent: 0,
    sendingFailures: 0,
  }),
];

let metrics: Map<string, Metric>;

before(async () => {
  const server = await startTestServer({ THINGPASS_THROTTLE: 'address' });
  try {
    const headers = { 'content-type': 'application/json' };
    await fetch(`${server.url}/v1/connect`, { method: 'POST', headers, body: '{"username":"unknown"}' });
    metrics = read(await (await fetch(`${server.url}/metrics`)).text());
  } finally {
    await server.close();
  }
  for (const [name, { labels }] of read(prometheusText(RARE))) {
    for (const label of labels) metrics.get(name)?.labels.add(label);
  }
});

/** Prometheus' text format as a list of metrics. */
function read(text: string): Map<string, Metric> {
  const found = new Map<string, Metric>();
  for (const line of text.split('\n')) {
    const [, help, described = '', words = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (help === 'HELP')
      found.set(described, { type: '', help: words, labels: new Set(), values: new Map() });
    if (help === 'TYPE') found.set(described, { ...(found.get(described) as Metric), type: words });
    const [, sample = '', labels = ''] = /^(\w+)\{(.*)\} /.exec(line) ?? [];
    const metric = metricOf(found, sample);
    for (const [, label = '', value = ''] of labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) {
      if (sample !== '' && label !== 'le') metric?.labels.add(label);
      metric?.values.set(label, (metric.values.get(label) ?? new Set()).add(value));
    }
  }
  return found;
}

/** A histogram's samples have longer names than itself. */
function metricOf(known: ReadonlyMap<string, Metric>, sample: string): Metric | undefined {
  const family = known.get(sample.replace(/_(bucket|sum|count)$/, ''));
  return known.get(sample) ?? (family?.type === 'histogram' ? family : undefined);
}

/** Labels that Prometheus itself adds, and those of a histogram. */
const OF_PROMETHEUS = ['instance', 'job', 'le'];

/** @throws unless each metric in an expression is there, with the labels that are asked of it. */
function assertKnown(expression: string, legend = ''): void {
  const selectors = [...expression.matchAll(/\b(thingpass_\w+)(?:\{([^}]*)\})?/g)];
  assert.ok(selectors.length > 0 || /\bup\{/.test(expression), `no metric in ${expression}`);
  const all = new Set(OF_PROMETHEUS);
  for (const [, name = '', matchers = ''] of selectors) {
    const metric = metricOf(metrics, name);
    assert.ok(metric, `${name} is no metric: ${expression}`);
    const isBucket = name.endsWith('_bucket');
    assert.equal(
      metric.type === 'histogram',
      isBucket || /_(sum|count)$/.test(name),
      `${name} is a histogram`,
    );
    const rated = new RegExp(`(rate|increase)\\(${name}`).test(expression);
    assert.equal(rated, metric.type !== 'gauge', `${name} is a ${metric.type}: ${expression}`);
    for (const label of metric.labels) all.add(label);
    for (const [, label = '', value = ''] of matchers.matchAll(/(\w+)=~?"([^"]*)"/g)) {
      const known = metric.labels.has(label) || OF_PROMETHEUS.includes(label);
      assert.ok(known, `${name} has no label ${label}: ${expression}`);
      const values = metric.values.get(label);
      const isClosed = ['quantile', 'by', 'database'].includes(label);
      if (isClosed) assert.ok(values?.has(value), `${label} is never ${value}: ${expression}`);
    }
  }
  const grouped = [...expression.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, names = '']) =>
    names.split(', '),
  );
  const shown = [...legend.matchAll(/\{\{ ?(?:\$labels\.)?(\w+) ?\}\}/g)].map(([, label]) => label as string);
  for (const label of [...grouped, ...shown]) assert.ok(all.has(label), `no label ${label}: ${expression}`);
  // What is not grouped by is not there to be shown.
  if (grouped.length > 0)
    for (const label of shown) assert.ok(grouped.includes(label), `${label} is summed up: ${expression}`);
}

interface Panel {
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[];
}

test('the dashboard asks for metrics and labels that are there, and shows all of them', () => {
  const dashboard = JSON.parse(fileText('dashboard.json')) as {
    readonly panels: readonly Panel[];
    readonly templating: { readonly list: readonly { readonly definition?: string }[] };
  };
  const taken = new Set<string>();
  for (const { title, gridPos, targets } of dashboard.panels) {
    assert.ok(targets.length > 0, title);
    for (const { expr, legendFormat } of targets) assertKnown(expr, legendFormat);
    for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
      for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
        assert.ok(x < 24 && !taken.has(`${x} ${y}`), `${title} lies over another panel`);
        taken.add(`${x} ${y}`);
      }
    }
  }
  for (const { definition } of dashboard.templating.list)
    if (definition !== undefined)
      assertKnown(definition.replace(/^label_values\((\w+), (\w+)\)$/, 'sum by ($2) ($1)'));
  const text = JSON.stringify(dashboard);
  for (const name of metrics.keys()) {
    // Only when the others were found out.
    if (name === 'thingpass_expiry_checked_seconds') continue;
    assert.ok(text.includes(name), `the dashboard shows nothing of ${name}`);
  }
});

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string };
}

test('the alerts ask for metrics and labels that are there', () => {
  const { groups } = parse(fileText('alerts.yml')) as { groups: { rules: Alert[] }[] };
  const alerts = groups.flatMap(({ rules }) => rules);
  assert.ok(alerts.length > 0);
  assert.equal(new Set(alerts.map(({ alert }) => alert)).size, alerts.length);
  for (const { alert, expr, labels, annotations } of alerts) {
    assertKnown(expr, `${annotations.summary} ${annotations.description}`.replaceAll('{{ $value }}', ''));
    assert.ok(['page', 'ticket'].includes(labels.severity), alert);
  }
});

test('Prometheus reads the alerts and its configuration', { skip: without('promtool') }, () => {
  for (const args of [
    ['check', 'rules', 'alerts.yml'],
    ['check', 'config', 'prometheus.yml'],
  ]) {
    const { status, stdout, stderr } = spawnSync('promtool', args, { cwd: FOLDER, encoding: 'utf8' });
    assert.equal(status, 0, stdout + stderr);
  }
});

test('the table of metrics is what a server tells', () => {
  const rows = [...metrics].map(([name, { type, labels, help }]) => {
    const names = [...labels].map((label) => `\`${label}\``).join(', ');
    return `| \`${name}\` | ${type} | ${names} | ${help} |`;
  });
  const table = fileText('README.md')
    .split('\n')
    .filter((line) => line.startsWith('| `thingpass_'));
  assert.deepEqual(table, rows, `the table should be:\n${rows.join('\n')}\n`);
});
