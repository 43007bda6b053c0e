import {
  type Allow,
  CONNACK_ACCEPTED,
  CONNACK_NOT_AUTHORIZED,
  DENY_REASONS,
  type Decision,
  type DenyReason,
  deny,
  UNAVAILABLE_REASONS,
  type UnavailableReason,
  unavailable,
} from '../../src/model/decision.ts';
import type { ScramKeys } from '../../src/model/scram-keys.ts';

export const ALLOW: Allow = Object.freeze({
  outcome: 'allow',
  role: 'device',
  connack: CONNACK_ACCEPTED,
  steps: [],
});

/** Keys as they are told; of nobody's password. */
export const SCRAM_KEYS: ScramKeys = Object.freeze({
  algorithm: 'sha256',
  iterations: 4096,
  salt: 'aa'.repeat(16),
  storedKey: 'bb'.repeat(32),
  serverKey: 'cc'.repeat(32),
});

/** One decision of every kind and reason. */
export const EVERY_DECISION: readonly Decision[] = [
  ALLOW,
  ...(Object.keys(DENY_REASONS) as DenyReason[]).flatMap((reason): Decision[] => [
    deny(reason),
    { outcome: 'no_opinion', reason, connack: CONNACK_NOT_AUTHORIZED, countsAsFailure: false, steps: [] },
  ]),
  ...(Object.keys(UNAVAILABLE_REASONS) as UnavailableReason[]).map((reason) => unavailable(reason)),
];
