import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Note, RECORD, type Result } from './events.ts';
import { ROOT } from './files.ts';

/** One process of a run. */
export interface Job {
  readonly script: string;
  /** The test files that the script runs. */
  readonly files: readonly string[];
}

export interface Listener {
  begin(job: Job): void;
  /** What came of a test or suite, or what a test notes. */
  event(job: Job, event: Result | Note): void;
  /** A line that a test, or a process that it started, printed. */
  line(job: Job, text: string): void;
  /** @param problem what was wrong with the process besides its tests; undefined: nothing. */
  end(job: Job, problem: string | undefined): void;
}

const REPORTER = fileURLToPath(new URL('events.ts', import.meta.url));
const running = new Set<ChildProcess>();

// What a test process left running ends with it, and all of them with this one, however that ends.
process.once('exit', () => running.forEach(endGroup));
for (const [signal, number] of [
  ['SIGINT', 2],
  ['SIGTERM', 15],
  ['SIGHUP', 1],
] as const)
  process.once(signal, () => process.exit(128 + number));

/**
 * Runs all jobs, `concurrency` at a time.
 * @param longestMs how long one may take before it is ended.
 */
export async function runJobs(
  jobs: readonly Job[],
  concurrency: number,
  longestMs: number,
  listener: Listener,
): Promise<void> {
  const waiting = [...jobs];
  const work = async (): Promise<void> => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
      listener.begin(job);
      listener.end(job, await runJob(job, longestMs, listener));
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
}

async function runJob(job: Job, longestMs: number, listener: Listener): Promise<string | undefined> {
  const args = [`--test-reporter=${REPORTER}`, '--test-reporter-destination=stdout', job.script];
  const inherited = process.execArgv.filter((one) => !one.startsWith('--test'));
  const child = spawn(process.execPath, [...inherited, ...args], {
    cwd: ROOT,
    // Where this process is itself a test of Node's runner, that one is not meant.
    env: { ...process.env, NODE_TEST_CONTEXT: undefined },
    // A group of its own, to be ended as a whole.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let late = false;
  let failed = false;
  const timer = setTimeout(() => {
    late = true;
    endGroup(child);
  }, longestMs);
  const read = (line: string): void => {
    const at = line.indexOf(RECORD);
    // A test may have printed something without a line break before it.
    if (at !== 0 && line !== '') listener.line(job, at === -1 ? line : line.slice(0, at));
    if (at === -1) return;
    const event = JSON.parse(line.slice(at + 1)) as Result | Note;
    if (event.kind === 'result' && ['failed', 'cancelled'].includes(event.outcome)) failed = true;
    listener.event(job, event);
  };
  const closed = [child.stdout, child.stderr].map((stream) =>
    once(createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY }).on('line', read), 'close'),
  );
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  clearTimeout(timer);
  endGroup(child);
  await Promise.all(closed);
  running.delete(child);
  if (late) return `not done after ${longestMs / 1_000} s`;
  if (signal !== null) return `ended by ${signal}`;
  return code === 0 || (code === 1 && failed) ? undefined : `ended with ${code}`;
}

function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nothing is left of it.
  }
}
