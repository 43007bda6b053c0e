import { setTimeout as wait } from 'node:timers/promises';

/** Repeats a check until it holds. @throws what it threw last, once a change is due to be obeyed (one second). */
export async function eventually(check: () => Promise<void>, withinMs = 1_000): Promise<void> {
  const end = performance.now() + withinMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > end) throw error;
      await wait(5);
    }
  }
}
