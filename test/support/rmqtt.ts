import type { Answer } from './tbmq.ts';

/**
 * What RMQTT makes of an answer (`rmqtt.md` section 3) under its default settings, as a table to hold our answers
 * against; the cases of `vectors/rmqtt/responses.json` hold the table itself. Of a list of rules it knows only whether
 * it is one.
 */

export interface Reading {
  readonly decision: 'allow' | 'deny' | 'ignore';
  readonly error: boolean;
  readonly superuser: boolean;
  /** Unix seconds in force. */
  readonly expires: number | undefined;
  /** Milliseconds for which an answer to a publish is repeated; negative: until disconnect. */
  readonly cacheMs: number;
}

const RESULTS = new Map([
  ['allow', 'allow'],
  ['deny', 'deny'],
  ['ignore', 'ignore'],
] as const);

const NOTHING = { error: false, superuser: false, expires: undefined, cacheMs: 0 };
const ERROR: Reading = { ...NOTHING, decision: 'deny', error: true };

/** @param now Unix seconds, at which a login is judged. */
export function rmqttReads(answer: Answer | null, now: number): Reading {
  if (answer === null) return ERROR;
  if (answer.status < 200 || answer.status > 299) return { ...NOTHING, decision: 'ignore' };
  const superuser = 'x-superuser' in answer.headers;
  const cacheMs = /^-?\d+$/.test(answer.headers['x-cache'] ?? '') ? Number(answer.headers['x-cache']) : 0;
  if (!answer.headers['content-type']?.startsWith('application/json')) {
    const decision = answer.body === 'deny' || answer.body === 'ignore' ? answer.body : 'allow';
    return { ...NOTHING, decision, superuser: decision === 'allow' && superuser, cacheMs };
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(answer.body);
  } catch {
    return ERROR;
  }
  const members = (typeof parsed === 'string' ? { result: parsed } : (parsed ?? {})) as Record<
    string,
    unknown
  >;
  const decision = RESULTS.get(members.result as 'allow');
  if (decision === undefined) return ERROR;
  const { expire_at: expireAt, acl } = members;
  const isTime = typeof expireAt === 'number' && Number.isInteger(expireAt) && expireAt >= 0;
  const expires = Array.isArray(acl) && isTime ? expireAt : undefined;
  if (decision !== 'allow') return { ...NOTHING, decision, cacheMs };
  const isSuperuser = typeof members.superuser === 'boolean' ? members.superuser : superuser;
  const inTime = expires === undefined || expires > now;
  return { ...NOTHING, decision: inTime ? 'allow' : 'deny', superuser: isSuperuser, expires, cacheMs };
}
