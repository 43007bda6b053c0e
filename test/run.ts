/**
 * Runs the test files, a process each, and those of the unit run together in one process a core:
 *
 *     node --import tsx test/run.ts [--unit] [--only <text>] [--soak]
 *
 * `--unit` leaves out all that start a process, a server or a broker; `--only` runs those whose path holds the text;
 * `--soak` those that have a full size, one after the other, at that size.
 * At the end it looks for the tests' secrets in everything that their servers logged.
 */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build, buildClients } from '../.config/build.ts';
import { ROOT, reachOf, testFiles, whyNotUnit } from './runner/files.ts';
import { Report } from './runner/report.ts';
import { type Job, runJobs } from './runner/run-processes.ts';
import { findLeaks, startKeeping } from './support/kept-logs.ts';
import { lacking, requiredPackages } from './support/machine.ts';
import { postgresqlServer } from './support/postgresql.ts';
import { RUN_FOLDER } from './support/temporary-folder.ts';

const { values } = parseArgs({
  options: {
    unit: { type: 'boolean', default: false },
    soak: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
  },
});
/** How long each file took the last time. */
const DURATIONS = join(ROOT, 'node_modules/.cache/test-durations.json');
const LONGEST_MS = values.soak ? 3_600_000 : 600_000;
/** Most files wait more than they work. */
const CONCURRENCY = values.soak ? 1 : Math.min(availableParallelism() + 1, 8);
const SEVERAL_FILES = new URL('runner/several-files.ts', import.meta.url).href;

const files = testFiles().filter(
  (file) =>
    file.includes(values.only) &&
    (!values.soak || readFileSync(join(ROOT, file), 'utf8').includes('THINGPASS_SOAK')),
);
const unit = files.filter((file) => whyNotUnit(file) === undefined);
const others = values.unit ? [] : files.filter((file) => !unit.includes(file));
const chosen = unit.length + others.length;
if (chosen === 0) {
  console.error(`no test file has "${values.only}" in its path`);
  process.exit(1);
}
const needs = (path: string): boolean => others.some((file) => reachOf(file).files.includes(path));
const needsBuild = others.some((file) =>
  reachOf(file).files.some((one) => /\bdist\b/.test(readFileSync(join(ROOT, one), 'utf8'))),
);
const needsDatabase = needs('test/support/postgresql.ts');
const durations = readDurations();
const folder = mkdtempSync(join(tmpdir(), 'thingpass-tests-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
// PostgreSQL's own user has a folder in it.
chmodSync(folder, 0o755);
process.env[RUN_FOLDER] = folder;
if (values.soak) process.env.THINGPASS_SOAK = '1';

announce();
if (needsBuild) await build();
else await buildClients();
if (needsDatabase) await sayDatabase();

const keptLogs = startKeeping();
const report = new Report(chosen, (text) => console.log(text));
const ticking = setInterval(() => report.tick(), 1_000);
await runJobs(jobs(), CONCURRENCY, LONGEST_MS, report);
clearInterval(ticking);
writeDurations();
const nothingLeaked = sayLeaks();
report.finish();
// A PostgreSQL that was started here would keep this process.
process.exit(report.failed || !nothingLeaked ? 1 : 0);

/** What the run is about to do, how long that takes, what it uses of the machine and what it lacks. */
function announce(): void {
  const expected = [...unit, ...others].map((file) => durations[file]);
  const known = expected.every((ms) => ms !== undefined);
  const sum = expected.reduce<number>((all, ms) => all + (ms ?? 0), 0);
  const time = values.unit
    ? 'under 30 seconds on two idle cores'
    : values.only === '' && !values.soak
      ? 'about 9 minutes on two idle cores'
      : 'longer the more files there are';
  const last = known ? `; the last time here these files took ${duration(sum / CONCURRENCY)}` : '';
  const lines = [
    `Runs ${chosen} test files, ${unit.length} of which start no process, no server and no broker; ${CONCURRENCY} processes at a time.`,
    `Takes ${time}${last}.`,
  ];
  if (others.length > 0) {
    const brokers = needs('test/support/rabbitmq-node.ts') ? ', RabbitMQ nodes' : '';
    const proxies = needs('test/support/proxies.ts') ? ', nginx, HAProxy and Apache' : '';
    lines.push(
      `Uses processes and free ports of the loopback interface (ThingPass, brokers and receivers in Node${brokers}${proxies}),`,
      `  ${needsDatabase ? 'databases named thingpass_test_… in a PostgreSQL, ' : ''}and the folder ${folder}, which is gone afterwards.`,
    );
    const required = requiredPackages();
    if (required.length > 0)
      lines.push(`Needs more to pass: install ${required.join(' ')} (names of Debian's packages).`);
    const lacks = lacking();
    if (lacks.length > 0)
      lines.push(
        'Skips tests for want of:',
        ...lacks.map(({ name, packages, use }) => `  ${name}: ${use} (Debian: ${packages})`),
      );
  }
  console.log(`${lines.join('\n')}\n`);
}

/** One PostgreSQL for all processes, unless each would find one by itself. */
async function sayDatabase(): Promise<void> {
  try {
    const url = new URL(await postgresqlServer());
    process.env.THINGPASS_TEST_POSTGRESQL = url.href;
    console.log(`PostgreSQL: ${url.host}\n`);
  } catch (error) {
    console.log(`PostgreSQL: none, tests that need one are skipped: ${(error as Error).message}\n`);
  }
}

/** The files that take longest come first, so that none of them is left over at the end. */
function jobs(): Job[] {
  const shares = Array.from({ length: Math.min(availableParallelism(), unit.length) }, (): string[] => []);
  const known = (file: string): number => durations[file] ?? Number.POSITIVE_INFINITY;
  const byTime = (all: readonly string[]): string[] =>
    [...all].sort((one, other) => (known(one) === known(other) ? 0 : known(other) - known(one)));
  for (const [index, file] of byTime(unit).entries()) shares[index % shares.length]?.push(file);
  const together = shares.map((share, index) => {
    const script = join(folder, `unit-${index + 1}.mjs`);
    writeFileSync(
      script,
      `import { runFiles } from '${SEVERAL_FILES}';\nrunFiles(${JSON.stringify(share)});\n`,
    );
    return { script, files: share };
  });
  const alone = byTime(others).map((file) => ({ script: join(ROOT, file), files: [file] }));
  return [...together, ...alone];
}

/** @returns false when a server logged a secret that its test gave it. */
function sayLeaks(): boolean {
  const { logs, secrets, found } = findLeaks(keptLogs);
  for (const leak of found) console.error(`a secret was logged: ${leak}`);
  if (found.length === 0 && logs > 0)
    console.log(`\n${logs} logs of servers were searched for ${secrets} secrets: none is in them`);
  return found.length === 0;
}

function readDurations(): Record<string, number> {
  try {
    return JSON.parse(readFileSync(DURATIONS, 'utf8'));
  } catch {
    return {};
  }
}

function writeDurations(): void {
  const all = {
    ...durations,
    ...Object.fromEntries(report.files.map(({ file, ms }) => [file, Math.round(ms)])),
  };
  mkdirSync(join(ROOT, 'node_modules/.cache'), { recursive: true });
  writeFileSync(`${DURATIONS}.new`, JSON.stringify(all));
  renameSync(`${DURATIONS}.new`, DURATIONS);
}

function duration(ms: number): string {
  const time = Math.round(ms / 1_000);
  return `${Math.floor(time / 60)} min ${time % 60} s`;
}
