import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import type { Question } from '../brokers/dialect.ts';
import { DENY_REASONS, type Decision, UNAVAILABLE_REASONS } from '../decision.ts';
import type { BrokerName } from '../question.ts';

/** Writes the refusals, so that a refusal without a reason does not exist. */
export interface DecisionLog {
  record(
    broker: BrokerName,
    endpoint: string,
    decision: Decision,
    question: Question | undefined,
    requestId: string,
  ): void;
}

/** Asked before every message, or by the broker for itself: these refuse nothing that a client did. */
const ROUTINE: ReadonlySet<string> = new Set(['superuser_refused', 'not_supported']);

export function isRoutine({ reason }: Exclude<Decision, { outcome: 'allow' }>): boolean {
  return ROUTINE.has(reason);
}

/** One log after the other. */
export function inTurn(one: DecisionLog, other: DecisionLog): DecisionLog {
  return {
    record(broker, endpoint, decision, question, requestId) {
      one.record(broker, endpoint, decision, question, requestId);
      other.record(broker, endpoint, decision, question, requestId);
    },
  };
}

/** So many refusals a second are written one by one; the rest are summed up in one line. */
const REFUSALS_PER_SECOND = 50;

/**
 * @param now epoch milliseconds; refusals over the rate are counted within a window of one second.
 */
export function createDecisionLog(log: Logger, now: () => number = Date.now): DecisionLog {
  let windowEnd = 0;
  let written = 0;
  let unwritten = 0;

  function mayWrite(): boolean {
    const time = now();
    if (time >= windowEnd) {
      if (unwritten > 0) log.warn({ refusals: unwritten }, 'more refusals were not written one by one');
      windowEnd = time + 1_000;
      written = 0;
      unwritten = 0;
    }
    if (written >= REFUSALS_PER_SECOND) {
      unwritten++;
      return false;
    }
    written++;
    return true;
  }

  /** Once each: the headers and fields in which certificates come are few, and no client's own words. */
  const ignoredBefore = new Set<string>();

  /** A form that is not switched on decides nothing, so an operator who wonders has this line and `explain` only. */
  function tellIgnored(broker: BrokerName, question: Question | undefined): void {
    const ignored = question?.kind === 'connect' ? question.attempt.ignoredCertificates : undefined;
    if (ignored === undefined) return;
    for (const certificate of ignored) {
      const key = `${broker} ${certificate}`;
      if (ignoredBefore.has(key)) continue;
      ignoredBefore.add(key);
      log.warn(
        { broker, certificate },
        'a certificate came in a form that is not switched on, and is not read (said once)',
      );
    }
  }

  return {
    record(broker, endpoint, decision, question, requestId) {
      tellIgnored(broker, question);
      if (decision.outcome === 'allow') {
        if (decision.granted !== undefined && mayWrite()) {
          log.info(
            { requestId, broker, endpoint, ...describe(question), steps: decision.steps },
            'some of the filters are refused',
          );
          return;
        }
        if (log.isLevelEnabled('debug')) {
          log.debug(
            {
              requestId,
              broker,
              endpoint,
              ...describe(question),
              device: decision.device?.id,
              role: decision.role,
            },
            'allowed',
          );
        }
        return;
      }
      const routine = isRoutine(decision);
      if (routine && !log.isLevelEnabled('debug')) return;
      if (!mayWrite()) return;
      const sentence =
        decision.outcome === 'unavailable'
          ? UNAVAILABLE_REASONS[decision.reason]
          : DENY_REASONS[decision.reason];
      const level = decision.outcome === 'unavailable' ? 'error' : routine ? 'debug' : 'info';
      log[level](
        {
          requestId,
          broker,
          endpoint,
          outcome: decision.outcome,
          reason: decision.reason,
          ...describe(question),
          steps: decision.steps,
        },
        sentence,
      );
    },
  };
}

/** Who asked, without anything secret: a user name may be an access token, so it is named by a short hash. */
function describe(question: Question | undefined): object {
  if (question?.kind === 'connect' || question?.kind === 'scram') {
    const { clientId, username, peerAddress, listener } = question.attempt;
    return { clientId, username: nameSecret(username), peerAddress, listener };
  }
  if (question?.kind === 'topic') {
    const access = question.accesses[0];
    return {
      clientId: access?.clientId,
      username: nameSecret(access?.username),
      action: access?.action,
      topics: question.accesses.map(({ topic }) => topic),
    };
  }
  return {};
}

/** A name for a secret that tells it from others but cannot be turned back: 12 hex digits of SHA-256. */
export function nameSecret(secret: string | undefined): string | undefined {
  if (secret === undefined || secret === '') return undefined;
  return `#${createHash('sha256').update(secret).digest('hex').slice(0, 12)}`;
}
