import type { Answer } from './simulated-broker.ts';

/** What `vmq_webhooks` makes of an answer; a crash ends the client's connection without a word. */
export type VernemqReading =
  | 'allow'
  | 'allow with modifiers'
  | 'next'
  | 'error'
  | 'error (bare atom)'
  | 'crash';

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === 'string';
const isFlag: Check = (value) => typeof value === 'boolean';
const isCount: Check = (value) => Number.isInteger(value) && (value as number) >= 0;
const isTopicName: Check = (value) => isText(value) && !/[+#]/.test(value as string);
const has =
  (allowed: readonly string[]): Check =>
  (value) =>
    typeof value === 'object' && value !== null && Object.keys(value).every((name) => allowed.includes(name));

const REGISTER: Readonly<Record<string, Check>> = {
  username: isText,
  client_id: isText,
  mountpoint: isText,
  clean_session: isFlag,
  upgrade_qos: isFlag,
  ...named(['allow_register', 'allow_publish', 'allow_subscribe', 'allow_unsubscribe'], isFlag),
  ...named(['max_message_size', 'max_message_rate', 'max_inflight_messages'], isCount),
  ...named(['max_connection_lifetime', 'max_online_messages', 'max_offline_messages'], isCount),
  retry_interval: isCount,
  ...named(['shared_subscription_policy', 'queue_type'], isText),
};
const PUBLISH: Readonly<Record<string, Check>> = {
  topic: isTopicName,
  payload: isText,
  qos: isCount,
  retain: isFlag,
  mountpoint: isText,
  throttle: isCount,
};
const ANY: Check = () => true;

const MODIFIERS: Readonly<Record<string, Readonly<Record<string, Check>>>> = {
  auth_on_register: REGISTER,
  auth_on_register_m5: {
    ...REGISTER,
    properties: has(['p_user_property', 'p_session_expiry_interval']),
  },
  auth_on_publish: PUBLISH,
  auth_on_publish_m5: { ...PUBLISH, properties: ANY },
  auth_on_subscribe: {},
  auth_on_subscribe_m5: { topics: Array.isArray, properties: ANY },
  on_auth_m5: { properties: ANY, reason_code: isCount },
  on_unsubscribe: {},
  on_unsubscribe_m5: { topics: Array.isArray },
  on_deliver: PUBLISH,
  on_deliver_m5: { ...PUBLISH, properties: ANY },
};

function named(names: readonly string[], check: Check): Record<string, Check> {
  return Object.fromEntries(names.map((name) => [name, check]));
}

/** Erlang atoms that exist only if some code names them; others crash. */
const ATOMS = new Set([...Object.values(MODIFIERS).flatMap(Object.keys), 'subscriber_id']);

/** Of `"result"` twice, Erlang's proplist finds the first. */
const FIRST_RESULT = /^\s*\{\s*"result"\s*:\s*"(ok|next)"/;

/** VerneMQ's own reading of the answer to a hook (`brokers/vernemq/vernemq.md` section 3). */
export function vernemqReads(hook: string, { status, body = '' }: Partial<Answer>): VernemqReading {
  const modifiers = MODIFIERS[hook];
  if (modifiers === undefined) return 'next';
  if (status !== 200) return 'error';
  const text = body.replace(/^\ufeff/, '');
  let parsed: Record<string, unknown>;
  try {
    parsed = JSON.parse(text);
  } catch {
    return 'error';
  }
  const result = FIRST_RESULT.exec(text)?.[1] ?? parsed?.result;
  if (result === 'next') return 'next';
  if (result !== 'ok') return typeof result === 'object' && result !== null ? 'error' : 'crash';
  if (hook === 'auth_on_subscribe' || hook === 'on_unsubscribe') {
    const { topics } = parsed;
    return Array.isArray(topics) && topics.length > 0 ? 'allow with modifiers' : 'allow';
  }
  return 'modifiers' in parsed ? readModifiers(parsed.modifiers, modifiers) : 'allow';
}

function readModifiers(given: unknown, allowed: Readonly<Record<string, Check>>): VernemqReading {
  if (typeof given !== 'object' || given === null || Object.keys(given).length === 0) return 'crash';
  const entries = Object.entries(given);
  if (entries.some(([name]) => !ATOMS.has(name))) return 'crash';
  // Not Base64: the decoder crashes before anything is checked.
  if ('payload' in given && 'payload' in allowed && !/^[A-Za-z0-9+/]+=*$/.test(String(given.payload)))
    return 'crash';
  if ('client_id' in given !== 'mountpoint' in given && 'username' in allowed) return 'error (bare atom)';
  return entries.every(([name, value]) => allowed[name]?.(value))
    ? 'allow with modifiers'
    : 'error (bare atom)';
}
