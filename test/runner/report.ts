import type { Note, Outcome, Result } from './events.ts';
import type { Job, Listener } from './run-processes.ts';

interface FileResult {
  readonly file: string;
  readonly ms: number;
}

interface Failure {
  /** File and names. */
  readonly where: string;
  readonly detail: string;
}

/** How often it is said what is still running, where nothing else is said. */
const QUIET_MS = 30_000;

/** Prints what a run does while it does it, and gathers what there is to say at its end. */
export class Report implements Listener {
  readonly #write: (line: string) => void;
  readonly #total: number;
  readonly #since = performance.now();
  readonly #begun = new Map<Job, { since: number; tests: number; lines: string[]; left: string[] }>();
  readonly #counts: Record<Outcome, number> = { passed: 0, failed: 0, cancelled: 0, skipped: 0, todo: 0 };
  readonly #failures: Failure[] = [];
  readonly #skips = new Map<string, number>();
  readonly #files: FileResult[] = [];
  #suites = 0;
  #saidAt = performance.now();

  /** @param total how many test files there are in all. */
  constructor(total: number, write: (line: string) => void) {
    this.#total = total;
    this.#write = write;
  }

  begin(job: Job): void {
    this.#begun.set(job, { since: performance.now(), tests: 0, lines: [], left: [...job.files] });
  }

  event(job: Job, event: Result | Note): void {
    const state = this.#state(job);
    if (event.kind === 'note') return void state.lines.push(event.text);
    // Where a process runs several files, each is a suite around its tests.
    const isFile = job.files.length > 1 && event.path.length === 1;
    const where = job.files.length > 1 ? event.path.join(' › ') : [job.files[0], ...event.path].join(' › ');
    const { outcome, detail } = event;
    if (detail !== '' && (outcome === 'failed' || outcome === 'cancelled')) this.#fail(where, detail);
    if (event.suite) this.#suites += isFile ? 0 : 1;
    else {
      this.#counts[outcome]++;
      state.tests++;
    }
    if (outcome === 'skipped' || outcome === 'todo') {
      const reason = detail === '' ? 'without a reason' : detail;
      this.#skips.set(reason, (this.#skips.get(reason) ?? 0) + 1);
      state.lines.push(
        `${outcome}: ${event.path.slice(job.files.length > 1 ? 1 : 0).join(' › ')}: ${reason}`,
      );
    }
    if (isFile) this.#fileEnd(job, event.path[0] as string, event.ms);
  }

  line(job: Job, text: string): void {
    this.#state(job).lines.push(text);
  }

  end(job: Job, problem: string | undefined): void {
    const { left, since } = this.#state(job);
    if (problem !== undefined) {
      this.#counts.failed++;
      this.#fail(left.join(', '), problem);
    }
    for (const file of [...left]) this.#fileEnd(job, file, performance.now() - since);
    this.#begun.delete(job);
  }

  /** Says what is running, where nothing has been said for a while. */
  tick(): void {
    if (performance.now() - this.#saidAt < QUIET_MS) return;
    const files = [...this.#begun.keys()].map(({ files }) =>
      files.length > 1 ? `${files.length} files` : files[0],
    );
    this.#say(`${this.#progress()} running: ${files.join(', ')}`);
  }

  get failed(): boolean {
    return this.#failures.length > 0 || this.#counts.failed + this.#counts.cancelled > 0;
  }

  /** How long each file took. */
  get files(): readonly FileResult[] {
    return this.#files;
  }

  /** The last lines; the counts are written as Node's test runner writes them, by which machines know them. */
  finish(): void {
    const { passed, failed, cancelled, skipped, todo } = this.#counts;
    const ms = performance.now() - this.#since;
    const tests = passed + failed + cancelled + skipped + todo;
    if (this.#skips.size > 0) this.#say('\nSkipped:');
    for (const [reason, count] of this.#skips) this.#say(`  ${count} × ${reason}`);
    const slowest = [...this.#files].sort((one, other) => other.ms - one.ms).slice(0, 5);
    this.#say(`\nSlowest: ${slowest.map(({ file, ms }) => `${file} ${seconds(ms)}`).join(', ')}`);
    if (this.#failures.length > 0) this.#say('\nFailed:');
    for (const { where, detail } of this.#failures) this.#say(`\n✖ ${where}\n${indent(detail)}`);
    this.#say(
      `\n# tests ${tests}\n# suites ${this.#suites}\n# pass ${passed}\n# fail ${failed}\n# cancelled ${cancelled}\n# skipped ${skipped}\n# todo ${todo}\n# duration_ms ${Math.round(ms)}`,
    );
  }

  #state(job: Job) {
    const state = this.#begun.get(job);
    if (state === undefined) throw new Error(`${job.script} was not begun`);
    return state;
  }

  #fail(where: string, detail: string): void {
    this.#failures.push({ where, detail });
    this.#say(`✖ ${where}\n${indent(detail)}`);
  }

  #fileEnd(job: Job, file: string, ms: number): void {
    const state = this.#state(job);
    this.#files.push({ file, ms });
    state.left = state.left.filter((one) => one !== file);
    const tests = `${state.tests} test${state.tests === 1 ? '' : 's'}`;
    this.#say(
      [`${this.#progress()} ${file}: ${tests}, ${seconds(ms)}`, ...state.lines.map(indent)].join('\n'),
    );
    state.tests = 0;
    state.lines = [];
  }

  #progress(): string {
    const all = String(this.#total);
    const time = Math.round((performance.now() - this.#since) / 1_000);
    const clock = `${Math.floor(time / 60)}:${String(time % 60).padStart(2, '0')}`;
    return `[${String(this.#files.length).padStart(all.length)}/${all} ${clock}]`;
  }

  #say(text: string): void {
    this.#saidAt = performance.now();
    this.#write(text);
  }
}

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;

const indent = (text: string): string => text.replaceAll(/^/gm, '    ');
