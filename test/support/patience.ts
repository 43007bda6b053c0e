/**
 * Settings of servers in tests: on a busy machine an answer may take seconds, and "not now" in place of it would say nothing
 * about what is tested. Tests of time and load set their own.
 */
export const PATIENT = {
  THINGPASS_DECISION_BUDGET_MS: '30000',
  THINGPASS_LONGEST_LAG_MS: '30000',
} as const;
