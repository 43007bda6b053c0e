import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import type { ChainProvisioning } from '../credentials/certificate-chain.ts';
import { createPassports } from '../credentials/passport.ts';
import { createScramDecoys } from '../credentials/scram-decoy.ts';
import { createVerifySecret } from '../credentials/verify-secret.ts';
import { createDecider, type Decider } from '../decider.ts';
import { withinBudget } from '../decision-budget.ts';
import { createErrorLog } from '../operations/error-log.ts';
import type { RecentSessions } from '../operations/sessions/recent-sessions.ts';
import type { Throttle } from '../operations/throttle/throttle.ts';
import { withThrottle } from '../operations/throttle/throttled-decider.ts';
import { byKnownKeys } from '../storage/chain-profile-keys.ts';
import type { Crew, Methods } from '../workers/crew.ts';
import type { Grounds } from './grounds.ts';

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
  crew: Crew,
  log: Logger,
  grounds: Grounds,
  { throttle, sessions }: { throttle: Throttle; sessions: RecentSessions },
): Decider {
  const { storage, rules, lists, life, scramKeys, names, chains, chainKeys } = grounds;
  const { budgetMs } = config.storage;
  const decoy = createScramDecoys(storage.passportKey);
  const decider = createDecider({
    credentials: storage.credentials,
    verifySecret: createVerifySecret(life.secrets.schemes, life.needsUpgrade),
    afterLogin: life.afterLogin,
    passports: createPassports(storage.passportKey),
    rules: () => rules.current(),
    skipCertificateDates: config.skipCertificateDates,
    provisioning: byKnownKeys(crew.inPrimary('chain', chains, CHAINS, budgetMs), chainKeys),
    names,
    trust: lists.trust,
    denyList: () => lists.denyList(),
    scram: { store: scramKeys, decoy },
    now: Date.now,
    onError: createErrorLog(log, 'a decision could not be made'),
  });
  return withinBudget(sessions.remembering(withThrottle(decider, throttle, decoy)), budgetMs);
}
