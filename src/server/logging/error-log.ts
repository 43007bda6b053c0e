import type { Logger } from 'pino';

const ONE_IN_MS = 1_000;

/**
 * Writes errors that strike thousands of decisions at once, such as a database that is gone: one a second, with the number
 * of those that were not written.
 */
export function createErrorLog(
  log: Logger,
  message: string,
  now: () => number = Date.now,
): (error: unknown) => void {
  let next = 0;
  let unwritten = 0;
  return (error) => {
    const time = now();
    if (time < next) {
      unwritten++;
      return;
    }
    log.error(unwritten === 0 ? { err: error } : { err: error, unwritten }, message);
    next = time + ONE_IN_MS;
    unwritten = 0;
  };
}
