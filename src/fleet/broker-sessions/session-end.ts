import type { CallAnswer, OutgoingCall } from '../../util/outgoing-call.ts';

/** Brokers that let others end sessions. */
export const ENDING_BROKERS = ['emqx', 'rabbitmq', 'vernemq'] as const;

export type EndingBroker = (typeof ENDING_BROKERS)[number];

/**
 * `ended`: the broker closed it; `not_connected`: there was none; `unknown`: nothing is known by which the broker could find it;
 * `failed`: the broker did not do it, within the tries and the time.
 */
export const END_RESULTS = ['ended', 'not_connected', 'unknown', 'failed'] as const;

/** What became of one session, or of a broker's sessions as far as none could be named. */
export interface SessionEnd {
  readonly broker: EndingBroker;
  readonly clientId?: string | undefined;
  readonly result: (typeof END_RESULTS)[number];
  /** Why it failed, in words without secrets. */
  readonly detail?: string | undefined;
}

/** By what the sessions of a device can be found at a broker. */
export interface SessionNames {
  readonly deviceId: string;
  /** User names that are the device's alone; tokens are among them. */
  readonly usernames: readonly string[];
  readonly clientIds: readonly {
    readonly clientId: string;
    /** A session under another user name is another device's. */
    readonly username?: string | undefined;
  }[];
}

/** Asks the broker's API: the path comes behind its URL, the proof of who asks goes along. @throws {CallFailed} */
export type AskBroker = (call: {
  readonly method: OutgoingCall['method'];
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
}) => Promise<CallAnswer>;

/**
 * Ends sessions at one kind of broker.
 * @returns one result for each session; none where none is there.
 * @throws {CallFailed} where the broker cannot be asked for its sessions.
 */
export type EndSessions = (names: SessionNames, ask: AskBroker) => Promise<SessionEnd[]>;
