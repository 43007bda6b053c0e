import { setTimeout as wait } from 'node:timers/promises';

/** What a check may use up of the time besides the pause before it: on a busy machine both take longer than that. */
const LONGEST_CHECK_MS = 5;
const FIRST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 100;

/**
 * Repeats a check until it holds.
 * @param withinMs how long, as told by a clock that stands still while the machine does not let this process or those that it
 *   asks go on: every turn counts little more than its pause at most.
 * @throws what the check threw last, once a change is due to be obeyed (one second).
 */
export async function eventually(check: () => Promise<void>, withinMs = 1_000): Promise<void> {
  let passedMs = 0;
  for (;;) {
    const since = performance.now();
    // What takes seconds is not asked about two hundred times in each.
    const pauseMs = Math.min(FIRST_PAUSE_MS + passedMs / 50, LONGEST_PAUSE_MS);
    try {
      return await check();
    } catch (error) {
      if (passedMs > withinMs) throw error;
      await wait(pauseMs);
    }
    passedMs += Math.min(performance.now() - since, pauseMs + LONGEST_CHECK_MS);
  }
}
