import { unavailable } from '../../model/decision.ts';
import type { Decider } from './decider.ts';

/**
 * A decider that answers in time, whatever it is: a broker that waits in vain treats its client worse than one that is told
 * "cannot decide". What is not done in time goes on, and is of use to the next question.
 */
export function withinBudget(decider: Decider, budgetMs: number): Decider {
  return {
    decide(question, settings) {
      const decided = decider.decide(question, settings);
      if (!(decided instanceof Promise)) return decided;
      return new Promise((resolve) => {
        const timer = setTimeout(() => resolve(unavailable('timed_out')), budgetMs);
        void decided.then((decision) => {
          clearTimeout(timer);
          resolve(decision);
        });
      });
    },
  };
}
