import { readNetworks } from '../engine/certificates/certificate-settings.ts';
import type { BrokerName } from '../model/question.ts';

/** What failed logins are counted by. */
export const THROTTLE_KINDS = ['address', 'client_id', 'credentials_id'] as const;

export type ThrottleKind = (typeof THROTTLE_KINDS)[number];

/** When wrong credentials lead to a block, and for how long. */
export interface ThrottleLimits {
  /** So many failures without a good login between them block. */
  readonly failures: number;
  /** How long the first block is, in milliseconds; each further one is twice as long as the one before. */
  readonly blockMs: number;
  /** No block is longer. Equal to `blockMs` for ThingsBoard's own rule. */
  readonly longestBlockMs: number;
}

export interface ThrottleConfig {
  /** Empty: nothing is counted. */
  readonly kinds: ReadonlySet<ThrottleKind>;
  readonly limits: ThrottleLimits;
  /** Whether an address is one that is never blocked. */
  readonly never: (address: string) => boolean;
  /** Brokers whose word about client addresses counts although a client might have a say in it. */
  readonly believed: ReadonlySet<BrokerName>;
}

/** Reads the `THINGPASS_THROTTLE…` settings. */
export function readThrottleConfig(
  text: (name: string) => string,
  list: (name: string) => string[],
  problems: string[],
): ThrottleConfig {
  const blockMs = Number(text('THINGPASS_THROTTLE_BLOCK_MS'));
  const longestBlockMs = Number(text('THINGPASS_THROTTLE_LONGEST_BLOCK_MS'));
  if (longestBlockMs < blockMs)
    problems.push('THINGPASS_THROTTLE_LONGEST_BLOCK_MS is less than THINGPASS_THROTTLE_BLOCK_MS');
  return Object.freeze({
    kinds: new Set(list('THINGPASS_THROTTLE') as ThrottleKind[]),
    limits: { failures: Number(text('THINGPASS_THROTTLE_FAILURES')), blockMs, longestBlockMs },
    never: readNetworks('THINGPASS_THROTTLE_NEVER', list('THINGPASS_THROTTLE_NEVER'), problems),
    believed: new Set(list('THINGPASS_THROTTLE_BELIEVED_BROKERS') as BrokerName[]),
  });
}
