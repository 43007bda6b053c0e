import type { CallAnswer, OutgoingCall } from '../../util/outgoing-call.ts';

/** Brokers whose API can end sessions. */
export const SESSION_BROKERS = ['emqx', 'rabbitmq', 'vernemq'] as const;

export type SessionBroker = (typeof SESSION_BROKERS)[number];

/**
 * `ended`: the broker closed it. `not_connected`: there was none. `unknown`: no key is known by which the broker
 * could find the session. `failed`: the broker did not end it within the tries and the time limit.
 */
export const END_RESULTS = ['ended', 'not_connected', 'unknown', 'failed'] as const;

/** The result for one session, or for a broker if no session is known. */
export interface SessionEnd {
  readonly broker: SessionBroker;
  readonly clientId?: string | undefined;
  readonly result: (typeof END_RESULTS)[number];
  /** Why it failed, in words without secrets. */
  readonly detail?: string | undefined;
}

/** The keys by which a broker can find a device's sessions. */
export interface SessionKeys {
  readonly deviceId: string;
  /** User names that only this device uses, including its access tokens. */
  readonly usernames: readonly string[];
  readonly clientIds: readonly {
    readonly clientId: string;
    /** If set, a session with another user name belongs to another device. */
    readonly username?: string | undefined;
  }[];
}

/**
 * Calls the broker's API with its key.
 * @param path is appended to the API's URL.
 * @throws {ThingPassError} `call_failed`
 */
export type CallBroker = (call: {
  readonly method: OutgoingCall['method'];
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
}) => Promise<CallAnswer>;

/**
 * Ends sessions at one kind of broker.
 * @returns one result for each session found.
 * @throws {ThingPassError} `call_failed` if the broker's sessions cannot be listed.
 */
export type EndSessions = (keys: SessionKeys, call: CallBroker) => Promise<SessionEnd[]>;
