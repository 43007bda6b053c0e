import type { Decision } from '../decision.ts';
import type { BrokerName } from '../question.ts';

/**
 * What a refused client sees of its broker at CONNECT: each broker has its own answer, whatever ThingsBoard would have sent
 * (`brokers/*.md`; `undefined` where the answer is not a broker's).
 */
const REFUSED: Readonly<Record<BrokerName, string | undefined>> = {
  emqx: 'CONNACK 5, MQTT 5: 0x87',
  emqx4: undefined,
  nanomq: 'closed without a CONNACK (0.25.2 and later); up to 0.25.1 CONNACK 0x87 in every MQTT version',
  mosquitto: 'CONNACK 5, MQTT 5: 0x87',
  rabbitmq: 'CONNACK 4, MQTT 5: 0x86; where the vhost is refused 5, MQTT 5: 0x87',
  vernemq: 'CONNACK 5, MQTT 5: 0x86',
  tbmq: 'CONNACK 5, MQTT 5: 0x87',
  rmqtt: 'CONNACK 4, MQTT 5: 0x86',
  generic: undefined,
  forward_auth: undefined,
};

/** What the client will see of that broker after a connect decision; `undefined` where that is not known. */
export function connackSeen(broker: BrokerName, { outcome }: Decision): string | undefined {
  if (outcome === 'allow') return 'CONNACK 0';
  if (outcome === 'deny') return REFUSED[broker];
  return undefined;
}
