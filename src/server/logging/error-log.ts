import type { Logger } from 'pino';

const ONE_IN_MS = 1_000;

/**
 * Logs errors that may strike thousands of decisions at once, such as a lost database: one line a second, with the number
 * of errors that were not written.
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
