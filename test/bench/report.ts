import { execFileSync } from 'node:child_process';
import { cpus, totalmem } from 'node:os';
import { FINDINGS } from './findings.ts';
import type { FleetFigures } from './load/fleet-figures.ts';
import type { Rate } from './load/known.ts';

export interface Report {
  readonly machine: Readonly<Record<string, string>>;
  /** Devices in the table of the fleet figures. */
  readonly devices: number;
  readonly known: readonly Rate[];
  readonly fleets: readonly FleetFigures[];
  /** Why a database was not measured. */
  readonly missing: readonly string[];
  /** Seconds. */
  readonly startUp: { readonly first: number; readonly later: number };
}

export function machine(): Record<string, string> {
  const [cpu] = cpus();
  return {
    date: new Date().toISOString().slice(0, 10),
    processor: `${cpus().length} × ${cpu?.model.trim()}`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    node: process.version,
    fastify: versionOf('fastify'),
    libsql: versionOf('libsql'),
    pg: versionOf('pg'),
  };
}

function versionOf(name: string): string {
  const listed = execFileSync('npm', ['ls', name, '--depth=0', '--json'], { encoding: 'utf8' });
  return (
    (JSON.parse(listed) as { dependencies: Record<string, { version: string }> }).dependencies[name]
      ?.version ?? ''
  );
}

/** What is aimed at, by the name of the figure; ratios are of the empty Fastify route. */
const AIMS: Readonly<Record<string, number>> = {
  'known token': 0.85,
  'known certificate': 0.7,
  denied: 0.85,
  'topic check': 0.8,
  'known token, EMQX': 0.75,
  'cold, SQLite': 0.6,
  'cold, PostgreSQL': 0.6,
};

export function ratiosOf({ known, fleets }: Report): Record<string, number> {
  const ratios = known.map(({ name, ratio }) => [name, rounded(ratio)] as const);
  const cold = fleets.map(({ database, cold }) => [`cold, ${database}`, rounded(cold.ratio)] as const);
  return Object.fromEntries([...ratios, ...cold]);
}

function rounded(ratio: number): number {
  return Math.round(ratio * 1_000) / 1_000;
}

/** The report as Markdown tables. */
export function table(report: Report): string {
  const { known, fleets, startUp, missing } = report;
  const rates = [
    ...known,
    ...fleets.map(({ database, cold }) => ({ name: `cold, ${database}`, ...cold })),
  ].map(({ name, perSecond, ratio, processorTime }: Rate) => {
    const aim = AIMS[name];
    const verdict = aim === undefined ? '' : ratio >= aim ? `≥ ${aim}: met` : `≥ ${aim}: not met`;
    const micros = processorTime === undefined ? '' : `${processorTime.toFixed(0)} µs`;
    return [name, String(Math.round(perSecond)), ratio.toFixed(2), micros, verdict];
  });
  const others = [
    ...fleets.flatMap(({ database, reconnect, memory }) => [
      [`10 000 devices reconnect, nothing in memory, ${database}`, latency(reconnect.cold), ''],
      [
        `the same again, ${database}`,
        latency(reconnect.warm),
        verdict('p99 < 250 ms', reconnect.warm.latency.p99 < 250),
      ],
      [
        `resident memory, ${database}`,
        `${Math.round(memory / 2 ** 20)} MiB`,
        verdict('< 150 MB', memory < 150e6),
      ],
    ]),
    ['start-up, new database', `${startUp.first.toFixed(2)} s`, verdict('< 1 s', startUp.first < 1)],
    ['start-up', `${startUp.later.toFixed(2)} s`, verdict('< 1 s', startUp.later < 1)],
  ];
  return [
    Object.entries(report.machine)
      .map(([name, value]) => `${name} ${value}`)
      .join(' · '),
    '',
    markdown(['request', 'per second', 'of the empty route', 'processor time', 'aim'], rates),
    '',
    `"Cold": every request another of ${report.devices} devices, 64 in flight, nothing of them in memory.`,
    '',
    markdown(['figure', 'measured', 'aim'], others),
    ...missing.map((reason) => `\nNot measured: ${reason}`),
  ].join('\n');
}

function verdict(aim: string, met: boolean): string {
  return `${aim}: ${met ? 'met' : 'not met'}`;
}

function latency({
  answered,
  seconds,
  latency: { p50, p90, p99, max },
}: FleetFigures['reconnect']['cold']): string {
  const [first, second, third, last] = [p50, p90, p99, max].map((ms) => ms.toFixed(1));
  return `${answered} in ${seconds.toFixed(2)} s; p50 ${first}, p90 ${second}, p99 ${third}, max ${last} ms`;
}

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

export function readme(report: Report): string {
  return `# How fast ThingPass is

\`npm run bench -- --write\` measured this and wrote it. Compare ratios, not rates: each is of requests per second beside an empty
Fastify route with the same options and body, measured in turns in one run, with the load out of a process of its own that takes less processor
time than either.

${table(report)}

${FINDINGS}`;
}
