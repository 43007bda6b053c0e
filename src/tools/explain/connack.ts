import type { Decision } from '../../model/decision.ts';
import type { BrokerName } from '../../model/question.ts';

/** The codes that a client gets, and what there is to say beside them; without codes, no CONNACK comes. */
interface Seen {
  readonly mqtt3?: number;
  readonly mqtt5?: number;
  readonly note?: string;
}

const NOT_AUTHORIZED: Seen = { mqtt3: 5, mqtt5: 0x87 };
const BAD_CREDENTIALS: Seen = { mqtt3: 4, mqtt5: 0x86 };

/**
 * What a client sees of its broker at CONNECT, by what the broker is told: each has its own way, whatever ThingsBoard would have
 * sent (`brokers/*.md`). Brokers that know no "ask again" and no "not mine" are told no instead.
 */
const BY_BROKER: Readonly<
  Record<BrokerName, { readonly deny?: Seen; readonly unavailable?: Seen; readonly no_opinion?: Seen }>
> = {
  emqx: {
    deny: NOT_AUTHORIZED,
    unavailable: { ...NOT_AUTHORIZED, note: 'unless its next authenticator admits the client' },
    no_opinion: { ...NOT_AUTHORIZED, note: 'unless its next authenticator admits the client' },
  },
  // By the status of the answer, below.
  emqx4: {
    no_opinion: {
      ...NOT_AUTHORIZED,
      note: 'unless its next authenticator, or allow_anonymous, admits the client',
    },
  },
  nanomq: {
    deny: {
      note: 'closed without a CONNACK (0.25.2 and later); up to 0.25.1 CONNACK 0x87 in every MQTT version',
    },
  },
  mosquitto: { deny: NOT_AUTHORIZED, unavailable: { note: 'closed without a CONNACK' } },
  rabbitmq: { deny: BAD_CREDENTIALS },
  vernemq: {
    deny: { mqtt3: 5, mqtt5: 0x86 },
    no_opinion: { mqtt3: 5, mqtt5: 0x86, note: 'unless its next plugin admits the client' },
  },
  tbmq: {
    deny: NOT_AUTHORIZED,
    no_opinion: { ...NOT_AUTHORIZED, note: 'unless its next provider admits the client' },
  },
  rmqtt: {
    deny: BAD_CREDENTIALS,
    no_opinion: { note: 'whatever its next plugin decides; rmqtt-acl as it is shipped admits everybody' },
  },
  generic: {},
  forward_auth: {},
};

/** Section 9 of `brokers/emqx.md`. */
const EMQX4_BY_STATUS: ReadonlyMap<number, Seen> = new Map([
  [400, BAD_CREDENTIALS],
  [401, BAD_CREDENTIALS],
  [403, NOT_AUTHORIZED],
  [503, { mqtt3: 3, mqtt5: 0x88 }],
]);

/** RabbitMQ refuses a vhost with another code than a password (`brokers/rabbitmq.md` section 2). */
const RABBITMQ_VHOST = 'vhost';

/**
 * What the client will see of that broker at CONNECT; `undefined` where the answer is not a broker's, and decides no CONNECT.
 * @param endpoint its name. @param status of the answer.
 */
export function connackSeen(
  broker: BrokerName,
  endpoint: string,
  decision: Decision,
  status: number,
): string | undefined {
  if (broker === 'forward_auth') return undefined;
  if (decision.outcome === 'allow') return textOf({ mqtt3: 0 });
  if (broker === 'generic') {
    const { v3, v5 } = decision.connack;
    return textOf({ mqtt3: v3, mqtt5: v5, note: 'where the broker does as the answer says' });
  }
  if (broker === 'rabbitmq' && endpoint === RABBITMQ_VHOST) return textOf(NOT_AUTHORIZED);
  const known = BY_BROKER[broker];
  const seen = known[decision.outcome] ?? (broker === 'emqx4' ? EMQX4_BY_STATUS.get(status) : known.deny);
  return seen && textOf(seen);
}

function textOf({ mqtt3, mqtt5, note }: Seen): string {
  const parts = [
    mqtt3 === undefined ? undefined : `CONNACK ${mqtt3}`,
    mqtt5 === undefined ? undefined : `MQTT 5: 0x${mqtt5.toString(16)}`,
    note,
  ];
  return parts.filter((part) => part !== undefined).join(', ');
}
