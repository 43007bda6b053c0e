import { CONNACK_RATE_LIMITED } from '../../engine/credentials/connack.ts';
import type { Decider } from '../../engine/deciding/decider.ts';
import { deny } from '../../model/decision.ts';
import { chain } from '../../model/maybe-promise.ts';
import type { ScramAttempt } from '../../model/question.ts';
import type { ScramKeys } from '../../model/scram-keys.ts';
import type { Throttle } from './throttle.ts';

/**
 * A decider that refuses logins of whoever failed too often before it looks at what they bring (`credentials/thingsboard.md`
 * section 8), and learns from how the others end. Topic checks are no logins: they are neither refused nor counted.
 * @param decoy keys for refused SCRAM logins: without any, the refusal would tell that the user name is unknown.
 */
export function withThrottle(
  decider: Decider,
  throttle: Throttle,
  decoy: (attempt: ScramAttempt) => ScramKeys,
): Decider {
  if (!throttle.on) return decider;
  return {
    decide(question, settings) {
      const { kind } = question;
      if (kind !== 'connect' && kind !== 'scram') return decider.decide(question, settings);
      const by = throttle.blockedBy(question.attempt, settings);
      if (by !== undefined) {
        throttle.refused(by);
        const refusal = deny('throttled', [{ step: 'throttle', detail: `by ${by}` }], CONNACK_RATE_LIMITED);
        return kind === 'scram' ? { ...refusal, scramKeys: decoy(question.attempt) } : refusal;
      }
      return chain(decider.decide(question, settings), (decision) => {
        // Who is given SCRAM keys has proved nothing yet.
        throttle.learn(question.attempt, settings, decision, kind === 'connect');
        return decision;
      });
    },
  };
}
