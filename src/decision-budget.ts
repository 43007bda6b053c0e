import type { Decider } from './decider.ts';
import { unavailable } from './decision.ts';

/**
 * A decider that answers in time, whatever it is: a broker that waits in vain treats its client worse than one that is told
 * "cannot decide". It costs a timer per decision, about a microsecond. What is not done in time goes on, and is of use to
 * the next question.
 */
export function withinBudget(decider: Decider, budgetMs: number): Decider {
  return {
    decide(question, settings) {
      return new Promise((resolve) => {
        const timer = setTimeout(() => resolve(unavailable('timed_out')), budgetMs);
        void decider.decide(question, settings).then((decision) => {
          clearTimeout(timer);
          resolve(decision);
        });
      });
    },
  };
}
