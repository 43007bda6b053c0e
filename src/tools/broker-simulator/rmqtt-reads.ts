import type { Answer } from './simulated-broker.ts';

/** What RMQTT makes of an answer. Of a list of rules it is known only whether it is one. */
export interface RmqttReading {
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
const ERROR: RmqttReading = { ...NOTHING, decision: 'deny', error: true };

/**
 * RMQTT's own reading under its default settings (`brokers/rmqtt/rmqtt.md` section 3).
 * @param answer `null` for none.
 * @param now Unix seconds, at which a login is judged.
 */
export function rmqttReads(answer: Answer | null, now: number): RmqttReading {
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
