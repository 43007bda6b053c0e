import { randomBytes } from 'node:crypto';
import type { Allow, Decision } from '../../model/decision.ts';
import type { WebhookReply } from '../dialect.ts';
import { type EmqxAcl, emqxAcl } from './acl.ts';

/**
 * What EMQX 5 and 6 are answered. Section numbers are of `emqx.md`; what each answer makes a broker do was seen on real
 * ones. Nothing here ever says `is_superuser`: a superuser skips all authorization (section 3.2).
 */

/** The attribute in which a passport travels: `client_attrs` of the answer, `${client_attrs.thingpass}` of later requests. */
export const PASSPORT_ATTRIBUTE = 'thingpass';

/**
 * The device's id, for `mountpoint = "devices/${client_attrs.thingpass_device}/"`: a mount point per device that no client
 * chooses, unlike `${clientid}`, and that shows no token, unlike `${username}`.
 */
const DEVICE_ATTRIBUTE = 'thingpass_device';

/**
 * In the place of a device's id for a provisioning session: a new one at each CONNECT, so that no other client reads the
 * answer, not even who takes its client id over. EMQX leaves a placeholder without a value as it is, and then all of these
 * sessions would be in one tree.
 */
function provisioningTree(): string {
  return `provisioning-${randomBytes(16).toString('hex')}`;
}

/** Whether a mount point is that of one provisioning session (`devices/${client_attrs.thingpass_device}/`). */
export const PROVISIONING_TREE = /(?:^|\/)provisioning-[0-9a-f]{32}\/$/;

/** In lower case: EMQX compares it so, and skips an answer without it (section 3.2). */
const HEADERS = Object.freeze({ 'content-type': 'application/json' });

function reply(status: number, body: object): WebhookReply {
  return Object.freeze({ status, headers: HEADERS, body: JSON.stringify(body) });
}

const ALLOW = reply(200, { result: 'allow' });
const DENY = reply(200, { result: 'deny' });
const IGNORE = reply(200, { result: 'ignore' });

/**
 * "Cannot decide", for the authenticator. The client is refused, unless another authenticator stands behind this one, as
 * with `ignore`. But every 2xx is kept for a minute by the answer cache that 6.2 has on by default (section 2.3), so a
 * database that was away for a second would keep a fleet out for that long; and only a status is a failure to the
 * hardened profile, which then denies (section 3.4). EMQX logs this body (section 3.1): nothing is in it.
 */
const UNAVAILABLE = reply(503, { error: 'unavailable' });

/** 200 whatever is decided (section 3.1): 401 and 403 do not deny but skip. */
export function answerConnect(decision: Decision): WebhookReply {
  switch (decision.outcome) {
    case 'allow':
      return answerAllow(decision);
    case 'no_opinion':
      return IGNORE;
    case 'unavailable':
      return UNAVAILABLE;
    case 'deny':
      return DENY;
  }
}

function answerAllow(decision: Allow): WebhookReply {
  const { expiresAt, passport, rights } = decision;
  if (expiresAt === undefined && passport === undefined && rights === undefined) return ALLOW;
  const extras = extrasOf(decision);
  if (extras === 'expired') return DENY;
  const { acl, ...others } = extras;
  const rest = JSON.stringify({ result: 'allow', ...others });
  const body = acl === undefined ? rest : `${rest.slice(0, -1)},"acl":${acl.json}}`;
  return { status: 200, headers: HEADERS, body };
}

/** What EMQX keeps for the length of the connection; members that are `undefined` are not written. */
interface Extras {
  readonly acl?: EmqxAcl | undefined;
  readonly expire_at?: number | undefined;
  readonly client_attrs?: Record<string, string> | undefined;
}

const NO_EXTRAS: Extras = {};

function extrasOf({ expiresAt, passport, device, rights, role }: Allow): Extras | 'expired' {
  const expireAt = expiresAt === undefined ? undefined : expireTime(expiresAt, Date.now());
  if (expireAt === 'expired') return 'expired';
  const tree = role === 'provisioning_session' ? provisioningTree() : device?.id;
  return {
    acl: rights && emqxAcl(rights),
    expire_at: expireAt,
    client_attrs: passport === undefined ? undefined : attributes(passport, tree),
  };
}

/**
 * Whole seconds in the future: a past, fractional or non-numeric one is "bad user name or password" (section 3.2), and so is
 * one that looks like milliseconds to EMQX, beyond the year 29 000; that is no expiry.
 */
function expireTime(expiresAt: number, now: number): number | 'expired' | undefined {
  const seconds = Math.floor(expiresAt / 1_000);
  if (!(seconds * 1_000 > now)) return 'expired';
  return seconds > now / 2 ? undefined : seconds;
}

/** Texts only: a number or null in here makes EMQX skip the whole answer (section 3.2). */
function attributes(passport: string, tree: string | undefined): Record<string, string> {
  if (tree === undefined) return { [PASSPORT_ATTRIBUTE]: passport };
  return { [PASSPORT_ATTRIBUTE]: passport, [DEVICE_ATTRIBUTE]: tree };
}

/**
 * 200 whatever happened: anything else falls through to `no_match`, which allows by default, and that is then kept for a
 * minute (section 5). "No opinion" is for authentication only.
 */
export function answerTopic(decision: Decision): WebhookReply {
  return decision.outcome === 'allow' ? ALLOW : DENY;
}

/** To a request for SCRAM keys: refuses the client for good, and nothing is asked behind it (section 7). */
const SCRAM_REFUSED = reply(404, { error: 'refused' });

/**
 * A 200 with keys admits every client that has their password, whatever `result` says (section 7). A denial with keys has such as
 * nobody has the password of: the client hears the same as one that is known and mistyped it.
 */
export function answerScram(decision: Decision): WebhookReply {
  if (decision.outcome !== 'allow' && decision.outcome !== 'deny') return SCRAM_REFUSED;
  const { scramKeys } = decision;
  if (scramKeys === undefined) return SCRAM_REFUSED;
  const { storedKey, serverKey, salt } = scramKeys;
  const extras = decision.outcome === 'allow' ? extrasOf(decision) : NO_EXTRAS;
  if (extras === 'expired') return SCRAM_REFUSED;
  const { acl, ...others } = extras;
  return reply(200, { stored_key: storedKey, server_key: serverKey, salt, acl: acl?.rules, ...others });
}
