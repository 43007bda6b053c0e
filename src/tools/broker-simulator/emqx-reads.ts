import type { Answer } from './simulated-broker.ts';

/** What EMQX makes of an answer. */
export type EmqxOutcome = 'allow' | 'not_authorized' | 'deny_bad_credentials' | 'not_allowed';

/**
 * The reading of EMQX 5 and 6 (`brokers/emqx/emqx.md` sections 3 to 5 and 7).
 * @param now Unix seconds.
 */
export function emqxReads(check: 'authn' | 'authz' | 'scram', answer: Answer, now: number): EmqxOutcome {
  switch (check) {
    case 'authn':
      return readAuthentication(answer, now);
    case 'authz':
      return readAuthorization(answer);
    case 'scram':
      return readKeys(answer, now);
  }
}

function readAuthentication(answer: Answer, now: number): EmqxOutcome {
  if (answer.status === 204) return 'allow';
  const body = answer.status === 200 ? emqxBody(answer.body, answer.headers['content-type']) : undefined;
  if (body?.result !== 'allow') return 'not_authorized';
  return readExtras(body, now);
}

/** A malformed one is either skipped or "bad user name or password" (section 3.2). */
function readExtras(body: Record<string, unknown>, now: number): EmqxOutcome {
  const { client_attrs: attributes, acl, expire_at: expireAt } = body;
  if (attributes !== undefined && !isTextMap(attributes)) return 'not_authorized';
  if (acl !== undefined && !Array.isArray(acl)) return 'not_authorized';
  // Seconds beyond half of the present milliseconds are taken for milliseconds.
  const inSeconds = Number.isInteger(expireAt) && Number(expireAt) >= now && Number(expireAt) <= now * 500;
  if (expireAt !== undefined && !inSeconds) return 'deny_bad_credentials';
  return (acl ?? []).every(isRule) ? 'allow' : 'deny_bad_credentials';
}

function isTextMap(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((one) => typeof one === 'string');
}

const ACTIONS = new Set(['publish', 'pub', 'subscribe', 'sub', 'all']);

function isRule(rule: Record<string, unknown>): boolean {
  if (rule.permission !== 'allow' && rule.permission !== 'deny') return false;
  if (!ACTIONS.has(String(rule.action))) return false;
  const qos = rule.qos === undefined ? [] : Array.isArray(rule.qos) ? rule.qos : String(rule.qos).split(',');
  if (!qos.every((one) => /^[012]$/.test(String(one)))) return false;
  return typeof rule.topic === 'string' || Array.isArray(rule.topics);
}

/** Whatever is no answer does not match, and `no_match` was `deny` where this was observed. */
function readAuthorization(answer: Answer): EmqxOutcome {
  if (answer.status === 204) return 'allow';
  if (answer.status !== 200) return 'not_allowed';
  const body = emqxBody(answer.body, answer.headers['content-type'] ?? 'application/json');
  return body?.result === 'allow' ? 'allow' : 'not_allowed';
}

/** `result` is not read: a client whose keys are given gets in (section 7). */
function readKeys(answer: Answer, now: number): EmqxOutcome {
  const body = answer.status === 200 ? emqxBody(answer.body, answer.headers['content-type']) : undefined;
  const keys = [body?.stored_key, body?.server_key, body?.salt];
  if (!keys.every((key) => typeof key === 'string' && /^([0-9a-f]{2})+$/i.test(key))) return 'not_authorized';
  return body !== undefined && readExtras(body, now) === 'allow' ? 'allow' : 'not_authorized';
}

/** The members of a body; nothing for a type or a text that EMQX does not read. */
export function emqxBody(body: string, contentType: string | undefined): Record<string, unknown> | undefined {
  if (contentType?.startsWith('application/x-www-form-urlencoded')) {
    return Object.fromEntries(new URLSearchParams(body));
  }
  if (!contentType?.startsWith('application/json')) return undefined;
  try {
    const value = JSON.parse(body);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
