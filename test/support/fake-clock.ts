import type { TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';

export interface FakeClock {
  /** Lets this much time go by, a millisecond at a time, and all that is due in it happen. */
  pass(ms: number): Promise<void>;
  /** Lets this much time go by in which nothing happens, as where a long task holds the event loop. */
  standStill(ms: number): void;
}

/** Time that goes by only when the test says so: timers, `Date` and `performance.now()` until the test ends. */
export function fakeClock(context: TestContext): FakeClock {
  context.mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'] });
  let now = 0;
  context.mock.method(performance, 'now', () => now);
  return {
    async pass(ms) {
      for (let passed = 0; passed < ms; passed++) {
        now++;
        context.mock.timers.tick(1);
        await turn();
      }
    },
    standStill(ms) {
      now += ms;
    },
  };
}
