import { availableParallelism } from 'node:os';
import { ThingPassError } from '../../model/errors.ts';

export interface HashingQueueOptions {
  /** Hashes at a time. */
  readonly concurrency?: number;
  /** Hashes that may wait. */
  readonly waiting?: number;
  /** Who has waited longer is refused instead of served: its broker has given up by then. */
  readonly maximumWaitMs?: number;
  readonly now?: () => number;
}

export interface HashingQueue {
  /** @throws {ThingPassError} `hashing_queue_full` */
  run<T>(task: () => Promise<T> | T): Promise<T>;
  /** Runs the task only where nobody would have to wait for it; `undefined` when it does not run. */
  runWhenIdle<T>(task: () => Promise<T> | T): Promise<T> | undefined;
  readonly running: number;
  readonly waiting: number;
  /** How many were refused so far, for the metrics. */
  readonly refused: number;
}

/**
 * One below the processors, and below libuv's four threads: files and name lookups share those, and a server whose
 * every thread hashes answers nobody.
 */
const DEFAULT_CONCURRENCY = Math.max(1, Math.min(3, availableParallelism() - 1));

interface Place {
  readonly since: number;
  start(): void;
  refuse(): void;
}

/**
 * A bounded first-come queue for slow hashes. Without a bound, a thousand logins at once would each wait for all those
 * before and none would be answered in time; refusing the excess at once lets the rest in and tells brokers to try later.
 */
export function createHashingQueue({
  concurrency = DEFAULT_CONCURRENCY,
  waiting: room = 64,
  maximumWaitMs = 4000,
  now = () => performance.now(),
}: HashingQueueOptions = {}): HashingQueue {
  const places: Place[] = [];
  let running = 0;
  let refused = 0;

  function next(): void {
    running--;
    for (let place = places.shift(); place !== undefined; place = places.shift()) {
      if (now() - place.since <= maximumWaitMs) {
        place.start();
        return;
      }
      place.refuse();
    }
  }

  async function execute<T>(task: () => Promise<T> | T): Promise<T> {
    running++;
    try {
      return await task();
    } finally {
      next();
    }
  }

  return {
    get running() {
      return running;
    },
    get waiting() {
      return places.length;
    },
    get refused() {
      return refused;
    },
    run(task) {
      if (running < concurrency) return execute(task);
      if (places.length >= room) {
        refused++;
        return Promise.reject(
          new ThingPassError('hashing_queue_full', 'too many passwords wait to be checked'),
        );
      }
      return new Promise((resolve, reject) => {
        places.push({
          since: now(),
          start: () => resolve(execute(task)),
          refuse() {
            refused++;
            reject(new ThingPassError('hashing_queue_full', 'a password waited too long to be checked'));
          },
        });
      });
    },
    runWhenIdle(task) {
      return running === 0 ? execute(task) : undefined;
    },
  };
}
