import { DENY_REASONS, type Decision, UNAVAILABLE_REASONS } from '../model/decision.ts';
import type { WebhookReply } from './dialect.ts';

/** The bodies that go with each status, for brokers to which the status says it all. */
export interface ReplyBodies {
  readonly contentType: string;
  readonly allow: string;
  /** @param code a deny or unavailable reason: stable, and nothing that the client sent. */
  readonly refuse: (outcome: 'deny' | 'unavailable', code: string) => string;
}

/**
 * Answers by status alone: 200 allow, 403 deny, 400 for a request that cannot be read, 503 for "ask again".
 *
 * Never another success status (NanoMQ takes 201, 202 and 204 for a refusal, `nanomq.md` section 1), never a redirect
 * (mosquitto-go-auth follows it, `mosquitto.md` section 4), never 429: brokers read it as a plain denial, and throttling is one.
 * "No opinion" is a denial here: neither broker has a status for it, and mosquitto-go-auth asks its next backend after
 * any denial (`mosquitto.md` section 8).
 *
 * Every reply is built once: there are only as many as there are reasons, and this runs for each message.
 */
export function statusReplies(bodies: ReplyBodies): (decision: Decision) => WebhookReply {
  // no-store: GET with the credentials in the query is one of the methods, and a proxy may stand in between.
  const headers = Object.freeze({ 'content-type': bodies.contentType, 'cache-control': 'no-store' });
  const reply = (status: number, body: string): WebhookReply => Object.freeze({ status, headers, body });

  const allow = reply(200, bodies.allow);
  const denials = new Map<string, WebhookReply>();
  for (const reason of Object.keys(DENY_REASONS)) {
    denials.set(reason, reply(reason === 'request_unreadable' ? 400 : 403, bodies.refuse('deny', reason)));
  }
  const outages = new Map<string, WebhookReply>();
  for (const reason of Object.keys(UNAVAILABLE_REASONS)) {
    outages.set(reason, reply(503, bodies.refuse('unavailable', reason)));
  }
  const outage = outages.get('internal_error') as WebhookReply;

  return (decision) => {
    switch (decision.outcome) {
      case 'allow':
        return allow;
      case 'deny':
      case 'no_opinion':
        return denials.get(decision.reason) ?? outage;
      case 'unavailable':
        return outages.get(decision.reason) ?? outage;
    }
  };
}
