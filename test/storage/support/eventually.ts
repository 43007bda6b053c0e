import { setTimeout as wait } from 'node:timers/promises';

/** What a check and the pause after it may use up of the time: on a busy machine both take longer than that. */
const LONGEST_TURN_MS = 10;

/**
 * Repeats a check until it holds.
 * @param withinMs how long, as told by a clock that stands still while the machine does not let this process or those that it
 *   asks go on: every turn counts ten milliseconds at most.
 * @throws what the check threw last, once a change is due to be obeyed (one second).
 */
export async function eventually(check: () => Promise<void>, withinMs = 1_000): Promise<void> {
  for (let passedMs = 0; ; ) {
    const since = performance.now();
    try {
      return await check();
    } catch (error) {
      if (passedMs > withinMs) throw error;
      await wait(5);
    }
    passedMs += Math.min(performance.now() - since, LONGEST_TURN_MS);
  }
}
