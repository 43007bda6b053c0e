import {
  type Allow,
  DENY_REASONS,
  type Decision,
  type DenyReason,
  UNAVAILABLE_REASONS,
  type UnavailableReason,
} from '../../model/decision.ts';
import type { Question } from '../../model/question.ts';
import type { WebhookReply } from '../dialect.ts';
import { sessionName } from './session.ts';

/** What each answer makes of VerneMQ: `vernemq.md` sections 3 and 4, to which section numbers refer. */

/** A register question, with what its answer needs to know of the broker's settings. */
export type RegisterQuestion = Extract<Question, { readonly kind: 'connect' }> & {
  /** The client is moved to a mount point of its device's own. */
  readonly perDeviceMountpoint: boolean;
};

/** A filter with what it came with: `qos`, and for MQTT 5 `no_local`, `rap`, `retain_handling`. */
export interface SubscribedFilter {
  readonly topic: string;
  readonly qos?: unknown;
}

/**
 * Where an answer has its list of filters: at the top for MQTT 3, under `modifiers` for MQTT 5; in the other's place it is
 * not looked at, and everything is granted (section 3). Before 2.2 an MQTT 5 client can be refused no single filter: 135 is
 * taken for a QoS, so that the client hears "no" and gets the messages, and 128 ends its process (section 3.1).
 */
export type FilterList = 'topics' | 'modifiers' | 'none';

/** A subscribe question, with what its answer repeats of the request. */
export type SubscribeQuestion = Extract<Question, { readonly kind: 'topic' }> & {
  readonly filters: readonly SubscribedFilter[];
  readonly list: Exclude<FilterList, 'none'>;
};

/**
 * Nothing is cached by VerneMQ: it would forget a revocation for a while, and an entry leaves its cache only when the very
 * same is asked again, so that topics with numbers in them fill its memory (section 4). `no-store` holds no `max-age`,
 * which is all that VerneMQ looks for.
 */
const HEADERS = Object.freeze({
  'content-type': 'application/json; charset=utf-8',
  'cache-control': 'no-store',
});

function reply(body: object): WebhookReply {
  return Object.freeze({ status: 200, headers: HEADERS, body: JSON.stringify(body) });
}

export const OK = reply({ result: 'ok' });
/** For hooks whose answer is not looked at; an auth hook would crash over it. */
export const NOTED = reply({});
const NEXT = reply({ result: 'next' });
const EXPIRED = refuse('credentials_expired');

function refuse(reason: DenyReason | UnavailableReason): WebhookReply {
  return reply({ result: { error: reason } });
}

/** The text is for VerneMQ's log; clients get the same code for all of them (section 3). */
const REFUSALS: ReadonlyMap<string, WebhookReply> = new Map(
  [...Object.keys(DENY_REASONS), ...Object.keys(UNAVAILABLE_REASONS)].map((reason) => [
    reason,
    refuse(reason as DenyReason),
  ]),
);

/**
 * Always 200 with a `result` that VerneMQ knows: every other status refuses too, and every other body ends the client's
 * process without a CONNACK (section 3).
 */
export function vernemqAnswer(decision: Decision, question: Question | undefined): WebhookReply {
  switch (decision.outcome) {
    case 'allow':
      if (question?.kind === 'connect') return welcome(decision, question as RegisterQuestion);
      return decision.granted === undefined ? OK : grantSome(decision.granted, question as SubscribeQuestion);
    case 'no_opinion':
      return question?.kind === 'connect' ? NEXT : refusalFor(decision.reason);
    case 'deny':
    case 'unavailable':
      return refusalFor(decision.reason);
  }
}

function refusalFor(reason: DenyReason | UnavailableReason): WebhookReply {
  return REFUSALS.get(reason) ?? refuse('internal_error');
}

/** In the place of a QoS: the only number that is "not allowed" to both versions, and whatever else reads it (section 3.1). */
const REFUSED = 128;

/** The list takes the place of the client's filters, so it has all of them, in order, as they came (section 3). */
function grantSome(granted: readonly boolean[], { filters, list }: SubscribeQuestion): WebhookReply {
  const topics = filters.map((filter, at) =>
    granted[at] === true ? filter : { topic: filter.topic, qos: REFUSED },
  );
  return reply(list === 'topics' ? { result: 'ok', topics } : { result: 'ok', modifiers: { topics } });
}

/**
 * Seconds; longer than any timer of Erlang's would be counted in milliseconds of 32 bits. Then the session ends early, and
 * the client connects again.
 */
const LONGEST_LIFETIME = 4_294_967;

/** Every modifier is left out that is not needed: an empty object or a null crashes (section 3). */
function welcome(client: Allow, question: RegisterQuestion): WebhookReply {
  const { device, expiresAt, passport } = client;
  const modifiers: Record<string, string | number> = {};
  if (passport !== undefined) modifiers.username = sessionName(client, passport);
  if (question.perDeviceMountpoint && device !== undefined) {
    // Both or neither (section 3).
    modifiers.client_id = question.attempt.clientId;
    modifiers.mountpoint = device.id;
  }
  if (expiresAt !== undefined) {
    const seconds = Math.floor((expiresAt - Date.now()) / 1_000);
    if (seconds < 1) return EXPIRED;
    modifiers.max_connection_lifetime = Math.min(seconds, LONGEST_LIFETIME);
  }
  return Object.keys(modifiers).length === 0 ? OK : reply({ result: 'ok', modifiers });
}
