/** What of decisions is written, and where. */
export interface DecisionLogConfig {
  /** Standard output, with the rest of the log, when not given. */
  readonly file: string | undefined;
  /** Of so many allows one is written; 0: none. */
  readonly allowsOneIn: number;
  /** Refusals that a process writes one by one in a second; further ones are summed up. */
  readonly refusalsPerSecond: number;
  /** How long further refusals are summed up before the sum is written, in milliseconds. */
  readonly windowMs: number;
}

export const DECISION_LOG_DEFAULTS: DecisionLogConfig = Object.freeze({
  file: undefined,
  allowsOneIn: 0,
  refusalsPerSecond: 50,
  windowMs: 10_000,
});

/** Reads the `THINGPASS_DECISION_LOG…` settings. */
export function readDecisionLogConfig(text: (name: string) => string): DecisionLogConfig {
  return Object.freeze({
    file: text('THINGPASS_DECISION_LOG_FILE') || undefined,
    allowsOneIn: Number(text('THINGPASS_DECISION_LOG_ALLOWS_ONE_IN')),
    refusalsPerSecond: Number(text('THINGPASS_DECISION_LOG_REFUSALS_PER_SECOND')),
    windowMs: Number(text('THINGPASS_DECISION_LOG_WINDOW_SECONDS')) * 1_000,
  });
}
