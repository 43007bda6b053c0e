import { Worker } from 'node:worker_threads';
import type { HashJob, HashResult } from './hash-worker.ts';

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

interface Waiting {
  readonly job: HashJob;
  resolve(bytes: Uint8Array): void;
  reject(error: Error): void;
}

interface ThreadEvents {
  readonly idleMs: number;
  onFree(): void;
  /** It takes no more jobs; may be called more than once. */
  onGone(thread: HashThread): void;
}

/**
 * Production runs what the compiler left. From the sources (tests, development) the thread has to load tsx itself: on
 * Node 20 it does not inherit `--import tsx`.
 */
function startThread(): Worker {
  if (!import.meta.url.endsWith('.ts')) return new Worker(new URL('./hash-worker.js', import.meta.url));
  const [tsx, script] = [
    import.meta.resolve('tsx/esm/api'),
    new URL('./hash-worker.ts', import.meta.url).href,
  ];
  const code = `import('${tsx}').then(({ register }) => { register(); return import('${script}'); })`;
  return new Worker(code, { eval: true });
}

/** One thread and the one job that it has at a time. */
class HashThread {
  private readonly worker = startThread();
  private readonly events: ThreadEvents;
  private current: Waiting | undefined;
  private idleTimer: NodeJS.Timeout | undefined;

  constructor(events: ThreadEvents) {
    this.events = events;
    this.worker.on('message', (result: HashResult) => this.finish(result));
    this.worker.on('error', (error) => this.lose(error));
    this.worker.on('exit', () => this.lose(new Error('the hashing thread ended')));
  }

  get busy(): boolean {
    return this.current !== undefined;
  }

  start(waiting: Waiting): void {
    clearTimeout(this.idleTimer);
    this.current = waiting;
    // Only a thread at work keeps the process alive.
    this.worker.ref();
    // Copies, or the whole pool that a small Buffer is a view of would go over.
    const { job } = waiting;
    this.worker.postMessage({
      ...job,
      password: new Uint8Array(job.password),
      salt: new Uint8Array(job.salt),
    });
  }

  async end(): Promise<void> {
    clearTimeout(this.idleTimer);
    this.events.onGone(this);
    await this.worker.terminate();
  }

  private finish(result: HashResult): void {
    const waiting = this.current;
    this.current = undefined;
    this.worker.unref();
    this.idleTimer = setTimeout(() => void this.end(), this.events.idleMs).unref();
    if ('bytes' in result) waiting?.resolve(result.bytes);
    else waiting?.reject(new Error(result.error));
    this.events.onFree();
  }

  private lose(error: Error): void {
    clearTimeout(this.idleTimer);
    const waiting = this.current;
    this.current = undefined;
    this.events.onGone(this);
    waiting?.reject(error);
  }
}

/**
 * Threads for hashes, started at the first job: a fleet without such hashes never pays for them. A job that brings a
 * thread down fails alone; the next one gets a new thread.
 */
export function createHashWorkers({ maximum = 2, idleMs = 30_000 }: HashWorkersOptions = {}): HashWorkers {
  const threads = new Set<HashThread>();
  const waiting: Waiting[] = [];
  let closed = false;

  function dispatch(): void {
    while (waiting.length > 0) {
      const thread = [...threads].find((one) => !one.busy) ?? grow();
      if (thread === undefined) return;
      thread.start(waiting.shift() as Waiting);
    }
  }

  function grow(): HashThread | undefined {
    if (threads.size >= maximum) return undefined;
    const onGone = (gone: HashThread) => {
      threads.delete(gone);
      if (!closed) dispatch();
    };
    const thread = new HashThread({ idleMs, onFree: dispatch, onGone });
    threads.add(thread);
    return thread;
  }

  return {
    get size() {
      return threads.size;
    },
    run(job) {
      if (closed) return Promise.reject(new Error('the hashing threads are closed'));
      return new Promise((resolve, reject) => {
        waiting.push({ job, resolve, reject });
        dispatch();
      });
    },
    async close() {
      closed = true;
      for (const one of waiting.splice(0)) one.reject(new Error('the hashing threads are closed'));
      await Promise.all([...threads].map((thread) => thread.end()));
    },
  };
}
