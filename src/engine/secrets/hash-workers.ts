import type { Piscina } from 'piscina';
import type { HashJob } from './hash-worker.ts';

export interface HashWorkers {
  /** @throws when the job cannot be computed or the workers are closed. */
  run(job: HashJob): Promise<Uint8Array>;
  /** Threads alive at the moment. */
  readonly size: number;
  close(): Promise<void>;
}

export interface HashWorkersOptions {
  /** Threads at most; the hashing queue bounds what waits for them. */
  readonly maximum?: number;
  /** A thread without work for this long ends and gives its WebAssembly memory back. */
  readonly idleMs?: number;
}

/**
 * Threads for hashes, started at the first job: a fleet without such hashes never pays for them, nor for loading what keeps
 * them. A job that brings a thread down fails alone; the next one gets a new thread.
 */
export function createHashWorkers({ maximum = 2, idleMs = 30_000 }: HashWorkersOptions = {}): HashWorkers {
  let opening: Promise<Piscina<HashJob, Uint8Array>> | undefined;
  let pool: Piscina<HashJob, Uint8Array> | undefined;
  let closed = false;
  const whenClosed = () => new Error('the hashing threads are closed');

  async function open(): Promise<Piscina<HashJob, Uint8Array>> {
    const { Piscina } = await import('piscina');
    pool = new Piscina({
      ...SCRIPT,
      minThreads: 0,
      maxThreads: maximum,
      idleTimeout: idleMs,
      // A thread that waits for its next job by Atomics takes as much of a processor while it spins as a small hash.
      atomics: 'disabled',
      recordTiming: false,
    });
    // A thread that fails between two jobs fails nobody's; without a listener it would end the process.
    pool.on('error', () => undefined);
    return pool;
  }

  return {
    get size() {
      return pool?.threads.length ?? 0;
    },
    async run(job) {
      opening ??= open();
      const threads = await opening;
      if (closed) throw whenClosed();
      try {
        // Copies, or the whole pool that a small Buffer is a view of would go over.
        const { password, salt } = job;
        return await threads.run({ ...job, password: new Uint8Array(password), salt: new Uint8Array(salt) });
      } catch (error) {
        throw closed ? whenClosed() : error;
      }
    },
    async close() {
      closed = true;
      await (pool ?? (await opening))?.destroy();
    },
  };
}

/**
 * Production runs what the compiler left. From the sources (tests, development) a thread has to load tsx itself: on Node 20 it
 * does not inherit `--import tsx`.
 */
const SCRIPT = import.meta.url.endsWith('.ts')
  ? { filename: new URL('./hash-worker.ts', import.meta.url).href, execArgv: ['--import', 'tsx'] }
  : { filename: new URL('./hash-worker.js', import.meta.url).href };
