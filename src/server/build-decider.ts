import type { Logger } from 'pino';
import type { Config } from '../config/config.ts';
import type { ChainProvisioning } from '../engine/credentials/certificate/certificate-chain.ts';
import { CONNACK_RATE_LIMITED } from '../engine/credentials/connack.ts';
import { createPassports } from '../engine/credentials/passport.ts';
import { createScramDecoys } from '../engine/credentials/scram-decoy.ts';
import { createVerifySecret } from '../engine/credentials/verify-secret.ts';
import { createDecider, type Decider } from '../engine/deciding/decider.ts';
import { withinBudget } from '../engine/deciding/time-budget.ts';
import { deny } from '../model/decision.ts';
import { chain } from '../model/maybe-promise.ts';
import type { ScramAttempt } from '../model/question.ts';
import type { ScramKeys } from '../model/scram-keys.ts';
import { byKnownKeys } from '../storage/reading/chain-profile-keys.ts';
import type { DecisionInputs } from './decision-inputs.ts';
import type { RecentSessions } from './logging/decisions/recent-sessions.ts';
import { createErrorLog } from './logging/error-log.ts';
import type { Methods, ProcessGroup } from './process-group/group.ts';
import type { Throttle } from './throttle/throttle.ts';

/** What writes is in the primary, once. */
const CHAINS: Methods<ChainProvisioning> = {
  findProfiles: true,
  findDevice: true,
  create: true,
  renew: true,
};

/** The decider of a running server: throttled, answering in time, and remembering who connected where. */
export function buildDecider(
  config: Config,
  processes: ProcessGroup,
  log: Logger,
  inputs: DecisionInputs,
  { throttle, sessions }: { throttle: Throttle; sessions: RecentSessions },
): Decider {
  const { storage, rules, lists, credentialLifecycle, scramKeys, names, chains, chainKeys } = inputs;
  const { budgetMs } = config.storage;
  const decoy = createScramDecoys(storage.passportKey);
  const decider = createDecider({
    credentials: storage.credentials,
    verifySecret: createVerifySecret(credentialLifecycle.secrets.schemes, credentialLifecycle.needsUpgrade),
    afterLogin: credentialLifecycle.afterLogin,
    passports: createPassports(storage.passportKey),
    rules: () => rules.current(),
    skipCertificateDates: config.skipCertificateDates,
    provisioning: byKnownKeys(processes.inPrimary('chain', chains, CHAINS, budgetMs), chainKeys),
    names,
    trust: lists.trust,
    denyList: () => lists.denyList(),
    scram: { store: scramKeys, decoy },
    now: Date.now,
    onError: createErrorLog(log, 'a decision could not be made'),
  });
  return withinBudget(sessions.keepingSessions(withThrottle(decider, throttle, decoy)), budgetMs);
}

/**
 * A decider that refuses logins of clients that failed too often, before it looks at what they bring (`engine/credentials/thingsboard.md`
 * section 8), and learns from how the others end. Topic checks are no logins: they are neither refused nor counted.
 * @param decoy keys for refused SCRAM logins: without any, the refusal would tell that the user name is unknown.
 * @internal
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
