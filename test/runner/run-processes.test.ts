import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { Report } from './report.ts';
import { type Job, runJobs } from './run-processes.ts';

/** Runs scripts with these texts, and gives what was printed. */
async function run(texts: Readonly<Record<string, string>>, longestMs = 60_000) {
  const folder = temporaryFolder();
  const jobs = Object.entries(texts).map(([name, text]): Job => {
    const script = join(folder, `${name}.mjs`);
    writeFileSync(script, `import { describe, test } from 'node:test';\n${text}`);
    return { script, files: [name] };
  });
  const lines: string[] = [];
  const report = new Report(jobs.length, (line) => lines.push(line));
  await runJobs(jobs, 2, longestMs, report);
  report.finish();
  return { folder, report, printed: lines.join('\n') };
}

test('results are counted as the test runner of Node counts them, and closing lines look like its own', async () => {
  const { report, printed } = await run({
    good: "describe('d', () => { test('a', () => console.log('3 run, 3 passed')); test('b', { skip: 'it is late' }, () => {}); });",
    bad: "test('outer', async (t) => { await t.test('inner', () => { throw new Error('an excuse'); }); });",
  });
  assert.ok(report.failed);
  assert.match(
    printed,
    /\n# tests 4\n# suites 1\n# pass 1\n# fail 2\n# cancelled 0\n# skipped 1\n# todo 0\n# duration_ms \d+$/,
  );
  assert.match(
    printed,
    /\[[12]\/2 0:0\d\] good: 2 tests, [\d.]+ s\n {4}3 run, 3 passed\n {4}skipped: d › b: it is late/,
  );
  assert.match(printed, /✖ bad › outer › inner\n {4}Error: an excuse\n/);
  assert.match(printed, /Skipped:\n {2}1 × it is late\n/);
});

test('a run is good when nothing failed', async () => {
  const { report } = await run({ good: "test('a', () => {});" });
  assert.ok(!report.failed);
});

test('a process that ends badly is a failure, whatever its tests say', async () => {
  for (const [text, problem] of [
    ["test('a', () => {}); setTimeout(() => process.kill(process.pid, 'SIGKILL'), 1);", /ended by SIGKILL/],
    ["process.on('exit', () => { process.exitCode = 3; }); test('a', () => {});", /ended with 3/],
    ['not JavaScript', /ended with 1|SyntaxError/],
  ] as const) {
    const { report, printed } = await run({ file: text });
    assert.ok(report.failed, text);
    assert.match(printed, problem);
  }
});

test('what takes too long is ended, with all that it started', async () => {
  const child =
    "import { writeFileSync } from 'node:fs'; writeFileSync(process.argv[1] + '.pid', String(process.pid)); setInterval(() => {}, 1e6);";
  const { report, printed, folder } = await run(
    {
      slow: `import { spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
const script = process.argv[1] + '.child.mjs';
writeFileSync(script, ${JSON.stringify(child)});
test('never ends', () => new Promise(() => { spawn(process.execPath, [script]); setInterval(() => {}, 1e6); }));`,
    },
    6_000,
  );
  assert.ok(report.failed);
  assert.match(printed, /✖ slow\n {4}not done after 6 s/);
  const pidFile = join(folder, 'slow.mjs.child.mjs.pid');
  if (!existsSync(pidFile)) return;
  assert.ok(!isRunning(Number(readFileSync(pidFile, 'utf8'))));
});

function isRunning(pid: number): boolean {
  try {
    // A zombie that nobody has waited for is none that runs.
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}
