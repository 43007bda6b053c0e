import type { Allow, Decision } from '../../model/decision.ts';
import type { Question } from '../../model/question.ts';
import type { WebhookReply } from '../dialect.ts';

/*
 * RMQTT fails open: every status but 2xx is "ignore", which the shipped configuration takes for "allow", and every text
 * but exactly `deny` and `ignore` is "allow" (`rmqtt.md` section 3). So it gets 200 and JSON whatever happens: there, what
 * it cannot read is a denial. The content type must begin in lower case. Never a header whose presence alone means
 * something (`X-Superuser`).
 */
const JSON_HEADERS = Object.freeze({
  'content-type': 'application/json; charset=utf-8',
  'cache-control': 'no-store',
});

const DENY = reply({ result: 'deny' });
const IGNORE = reply({ result: 'ignore' });
const ALLOW = reply({ result: 'allow' });
/**
 * An empty list, so that topics are asked about one by one; without any list `expire_at` has no effect (section 3).
 *
 * Rules of ours in it would be wrong (section 4): `+`, by which alone ThingsBoard's numbered topics can be said, reaches
 * further than a level there; closed without them, it refuses what devices need; and left open, it saves few questions and
 * holds for the session, where an answer to a question holds for a second. One bad rule lets the client in without any.
 */
const ALLOW_LOGIN = reply({ result: 'allow', acl: [] });

/** Only "no opinion" is left to the next plugin, `rmqtt-acl`, which accepts everybody as shipped (section 3). */
export function answerAuth(decision: Decision): WebhookReply {
  switch (decision.outcome) {
    case 'allow':
      return answerLogin(decision);
    case 'no_opinion':
      return IGNORE;
    case 'deny':
    case 'unavailable':
      return DENY;
  }
}

function answerLogin({ expiresAt }: Allow): WebhookReply {
  if (expiresAt === undefined) return ALLOW_LOGIN;
  // Whole seconds; anything else counts as none (section 3).
  const expireAt = Math.floor(expiresAt / 1_000);
  if (expireAt * 1_000 <= Date.now()) return DENY;
  return reply({ result: 'allow', acl: [], expire_at: expireAt });
}

/**
 * How long RMQTT may repeat the answer to a publish by itself, per session and topic (section 3): a chatty device is
 * asked about once a second, and a revocation still holds within that second.
 */
const CACHED_MS = 1_000;
const ALLOW_FOR_NOW = reply({ result: 'allow' }, CACHED_MS);

/** Nothing is left to `rmqtt-acl` here: without a hit there, it allows (section 3). Denials are not to be kept. */
export function answerAcl(decision: Decision, question: Question | undefined): WebhookReply {
  if (decision.outcome !== 'allow') return DENY;
  const publishes =
    question?.kind === 'topic' && question.accesses.every(({ action }) => action === 'publish');
  if (!publishes) return ALLOW;
  const { expiresAt } = decision;
  if (expiresAt === undefined) return ALLOW_FOR_NOW;
  const remaining = Math.floor(expiresAt - Date.now());
  if (remaining >= CACHED_MS) return ALLOW_FOR_NOW;
  // A negative number would mean "until disconnect".
  return remaining > 0 ? reply({ result: 'allow' }, remaining) : ALLOW;
}

function reply(body: object, cacheMs?: number): WebhookReply {
  const headers =
    cacheMs === undefined ? JSON_HEADERS : Object.freeze({ ...JSON_HEADERS, 'x-cache': String(cacheMs) });
  return Object.freeze({ status: 200, headers, body: JSON.stringify(body) });
}
