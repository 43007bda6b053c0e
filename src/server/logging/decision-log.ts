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

/** Receives every decision. */
export interface DecisionLog {
  /** @param request the number of the request; {@link requestIdOf} turns it into its id. */
  record(
    broker: BrokerName,
    endpoint: string,
    decision: Decision,
    question: Question | undefined,
    request: number,
  ): void;
}

/** The id of a webhook's request in logs. It is made only when a line is written, which is rare. */
export function requestIdOf(request: number): string {
  return `webhook-${request}`;
}

/** Writes every refusal with its reason, and a sample of the allows. */
export interface WrittenDecisionLog extends DecisionLog {
  /** Writes the refusals that were only counted so far. */
  close(): void;
}

/** Questions that a broker asks before every message, or about itself: these denials refuse no client. */
const ROUTINE: ReadonlySet<string> = new Set(['superuser_refused', 'not_supported']);

export function isRoutine({ reason }: Exclude<Decision, { outcome: 'allow' }>): boolean {
  return ROUTINE.has(reason);
}

/** Records each decision in one log, then in the other. */
export function inTurn(one: DecisionLog, other: DecisionLog): DecisionLog {
  return {
    record(broker, endpoint, decision, question, request) {
      one.record(broker, endpoint, decision, question, request);
      other.record(broker, endpoint, decision, question, request);
    },
  };
}

export interface DecisionLogOptions extends Partial<Omit<DecisionLogConfig, 'file'>> {
  /** Where decisions are written; by default, the log itself. */
  readonly decisions?: Logger | undefined;
  /** Epoch milliseconds. */
  readonly now?: () => number;
  /** From 0 to 1, as `Math.random`. */
  readonly random?: () => number;
}

/** @param log where warnings for the operator go, and decisions unless `options.decisions` is given. */
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
        // Each written line stands for this many decisions.
        oneIn: sampled && allowsOneIn > 1 ? allowsOneIn : undefined,
      },
      'allowed',
    );
  }

  /** One warning for each broker and form. Both are fixed words of ours, so the set stays small. */
  const ignoredBefore = new Set<string>();

  /** A form that is not enabled decides nothing, so only this line and `explain` tell the operator about it. */
  function tellIgnored(broker: BrokerName, question: Question | undefined): void {
    const ignored = question?.kind === 'connect' ? question.attempt.ignoredCertificates : undefined;
    if (ignored === undefined) return;
    for (const certificate of ignored) {
      const key = `${broker} ${certificate}`;
      if (ignoredBefore.has(key)) continue;
      ignoredBefore.add(key);
      log.warn(
        { broker, certificate },
        'a certificate came in a form that is not enabled, and was not read (logged once)',
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

/** How many bytes of each foreign text a line holds; together less than the 4 KiB of a line. */
const BYTES = { clientId: 256, address: 64, listener: 64, topic: 160, step: 40, detail: 220 } as const;
const MOST_TOPICS = 4;
/** The last steps are kept, since they decide. */
const MOST_STEPS = 8;

/** The client, without secrets: a user name may be an access token, so its short hash stands here. */
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

/** A name that distinguishes a secret without revealing it: `#` and 12 hex digits of its SHA-256; `undefined` for none. */
export function nameSecret(secret: string | undefined): string | undefined {
  if (secret === undefined || secret === '') return undefined;
  return `#${createHash('sha256').update(secret).digest('hex').slice(0, 12)}`;
}
