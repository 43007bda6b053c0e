import type { Allow, Decision } from '../model/decision.ts';

/** The codes that a client gets, and a note about them; without codes, no CONNACK comes. */
export interface SeenByClient {
  readonly mqtt3?: number;
  readonly mqtt5?: number;
  readonly note?: string;
}

type Refusal = Exclude<Decision, Allow>;

/**
 * What a client sees of its broker at a CONNECT that was not allowed: each broker has its own way, whatever ThingsBoard would
 * have sent. By what was decided, where that alone tells (what is left out is as `deny`); else by the endpoint's name and the status
 * of its answer as well.
 */
export type RefusedConnect =
  | ({ readonly deny: SeenByClient } & Readonly<Partial<Record<Refusal['outcome'], SeenByClient>>>)
  | ((refusal: Refusal, endpoint: string, status: number) => SeenByClient);

export const NOT_AUTHORIZED: SeenByClient = Object.freeze({ mqtt3: 5, mqtt5: 0x87 });
export const BAD_CREDENTIALS: SeenByClient = Object.freeze({ mqtt3: 4, mqtt5: 0x86 });
