import { createHash } from 'node:crypto';
import type { Logger } from 'pino';
import { DECISION_LOG_DEFAULTS, type DecisionLogConfig } from '../../config/decision-log-settings.ts';
import {
  type Allow,
  DENY_REASONS,
  type Decision,
  type Step,
  UNAVAILABLE_REASONS,
} from '../../model/decision.ts';
import type { BrokerName, Question, TopicAccess } from '../../model/question.ts';
import { FurtherRefusals } from './decisions/further-refusals.ts';
import { shownText } from './decisions/shown-text.ts';

/** Told of every decision. */
export interface DecisionLog {
  /** @param request the number of the request, from which {@link requestIdOf} makes its name. */
  record(
    broker: BrokerName,
    endpoint: string,
    decision: Decision,
    question: Question | undefined,
    request: number,
  ): void;
}

/** What a webhook's request is called in logs; made of its number only when it is written, which is rare. */
export function requestIdOf(request: number): string {
  return `webhook-${request}`;
}

/** Writes the refusals, so that a refusal without a reason does not exist, and as many of the allows as is wished. */
export interface WrittenDecisionLog extends DecisionLog {
  /** Writes what was summed up so far. */
  close(): void;
}

/** Asked before every message, or by the broker for itself: these refuse nothing that a client did. */
const ROUTINE: ReadonlySet<string> = new Set(['superuser_refused', 'not_supported']);

export function isRoutine({ reason }: Exclude<Decision, { outcome: 'allow' }>): boolean {
  return ROUTINE.has(reason);
}

/** One log after the other. */
export function inTurn(one: DecisionLog, other: DecisionLog): DecisionLog {
  return {
    record(broker, endpoint, decision, question, request) {
      one.record(broker, endpoint, decision, question, request);
      other.record(broker, endpoint, decision, question, request);
    },
  };
}

export interface DecisionLogOptions extends Partial<Omit<DecisionLogConfig, 'file'>> {
  /** Where decisions are written, if not with the rest. */
  readonly decisions?: Logger | undefined;
  /** Epoch milliseconds. */
  readonly now?: () => number;
  /** From 0 to 1, as `Math.random`. */
  readonly random?: () => number;
}

/** @param log what an operator is to know beside the decisions. */
export function createDecisionLog(log: Logger, options: DecisionLogOptions = {}): WrittenDecisionLog {
  const { decisions = log, now = Date.now, random = Math.random } = options;
  const { allowsOneIn, refusalsPerSecond, windowMs } = { ...DECISION_LOG_DEFAULTS, ...options };
  let secondEnd = 0;
  let written = 0;
  const further = new FurtherRefusals(windowMs, (refusals, sums) =>
    decisions.warn({ refusals, sums }, 'more refusals were not written one by one'),
  );

  function mayWrite(broker: BrokerName, endpoint: string, reason: string): boolean {
    const time = now();
    if (time >= secondEnd || time < secondEnd - 1_000) {
      secondEnd = time + 1_000;
      written = 0;
    }
    if (written < refusalsPerSecond) {
      written++;
      return true;
    }
    further.count(broker, endpoint, reason);
    return false;
  }

  function allowed(decision: Allow, question: Question | undefined, asked: object): void {
    const sampled = allowsOneIn > 0 && random() * allowsOneIn < 1;
    if (!sampled && !decisions.isLevelEnabled('debug')) return;
    const { device, role } = decision;
    decisions[sampled ? 'info' : 'debug'](
      {
        ...asked,
        ...describe(question),
        device: device?.id,
        role,
        // Whoever counts lines multiplies by it.
        oneIn: sampled && allowsOneIn > 1 ? allowsOneIn : undefined,
      },
      'allowed',
    );
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
    record(broker, endpoint, decision, question, request) {
      tellIgnored(broker, question);
      if (decision.outcome === 'allow' && decision.granted === undefined) {
        if (allowsOneIn > 0 || decisions.isLevelEnabled('debug'))
          allowed(decision, question, { requestId: requestIdOf(request), broker, endpoint });
        return;
      }
      const asked = { requestId: requestIdOf(request), broker, endpoint };
      if (decision.outcome === 'allow') {
        if (!mayWrite(broker, endpoint, 'filters_refused')) return;
        const steps = shownSteps(decision.steps);
        decisions.info({ ...asked, ...describe(question), steps }, 'some of the filters are refused');
        return;
      }
      const { outcome, reason } = decision;
      const routine = isRoutine(decision);
      if (routine && !decisions.isLevelEnabled('debug')) return;
      if (!mayWrite(broker, endpoint, reason)) return;
      const sentence = outcome === 'unavailable' ? UNAVAILABLE_REASONS[reason] : DENY_REASONS[reason];
      const level = outcome === 'unavailable' ? 'error' : routine ? 'debug' : 'info';
      const steps = shownSteps(decision.steps);
      decisions[level]({ ...asked, outcome, reason, ...describe(question), steps }, sentence);
    },
    close: () => further.flush(),
  };
}

/** What a line holds of texts that others choose, in bytes; together less than the 4 KiB that a line may have. */
const BYTES = { clientId: 256, address: 64, listener: 64, topic: 160, step: 40, detail: 220 } as const;
const MOST_TOPICS = 4;
/** The last ones, which decide. */
const MOST_STEPS = 8;

/** Who asked, without anything secret: a user name may be an access token, so it is named by a short hash. */
function describe(question: Question | undefined): object {
  if (question?.kind === 'connect' || question?.kind === 'scram') {
    const { clientId, username, peerAddress, listener } = question.attempt;
    return {
      clientId: shownText(clientId, BYTES.clientId),
      username: nameSecret(username),
      peerAddress: peerAddress && shownText(peerAddress, BYTES.address),
      listener: listener && shownText(listener, BYTES.listener),
    };
  }
  if (question?.kind === 'topic') return describeTopics(question.accesses);
  return {};
}

function describeTopics(accesses: readonly TopicAccess[]): object {
  const [first] = accesses;
  return {
    clientId: first && shownText(first.clientId, BYTES.clientId),
    username: nameSecret(first?.username),
    action: first?.action,
    topics: accesses.slice(0, MOST_TOPICS).map(({ topic }) => shownText(topic, BYTES.topic)),
    moreTopics: accesses.length > MOST_TOPICS ? accesses.length - MOST_TOPICS : undefined,
  };
}

function shownSteps(steps: readonly Step[]): readonly Step[] {
  return steps.slice(-MOST_STEPS).map(({ step, detail }) => ({
    step: shownText(step, BYTES.step),
    detail: shownText(detail, BYTES.detail),
  }));
}

/** A name for a secret that tells it from others but cannot be turned back: 12 hex digits of SHA-256. */
export function nameSecret(secret: string | undefined): string | undefined {
  if (secret === undefined || secret === '') return undefined;
  return `#${createHash('sha256').update(secret).digest('hex').slice(0, 12)}`;
}
