import { type Decision, unavailable } from '../../model/decision.ts';
import type { Decider } from './decider.ts';

interface Waiting {
  /** `performance.now()` when its time is up. */
  readonly deadline: number;
  readonly resolve: (decision: Decision) => void;
}

/**
 * A decider that answers in time, whatever it is: a broker that waits in vain treats its client worse than one that is told
 * "cannot decide". What is not done in time goes on, and is of use to the next question.
 *
 * One timer serves all that wait, and runs only while some do: nearly every decision is made long before, and a timer for
 * each would cost more than the wait is worth.
 */
export function withinBudget(decider: Decider, budgetMs: number): Decider {
  // In the order of their deadlines, since all may wait equally long.
  const waiting = new Set<Waiting>();
  let timer: NodeJS.Timeout | undefined;

  function endOverdue(): void {
    timer = undefined;
    const now = performance.now();
    for (const one of waiting) {
      if (one.deadline > now) {
        timer = setTimeout(endOverdue, one.deadline - now);
        return;
      }
      waiting.delete(one);
      one.resolve(unavailable('timed_out'));
    }
  }

  return {
    decide(question, settings) {
      const decided = decider.decide(question, settings);
      if (!(decided instanceof Promise)) return decided;
      return new Promise((resolve) => {
        const one = { deadline: performance.now() + budgetMs, resolve };
        waiting.add(one);
        if (timer === undefined) timer = setTimeout(endOverdue, budgetMs);
        void decided.then((decision) => {
          waiting.delete(one);
          resolve(decision);
        });
      });
    },
  };
}
