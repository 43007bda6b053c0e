import type { SeenByClient } from '../../brokers/refused-connect.ts';
import { DIALECT_OF } from '../../brokers/registry.ts';
import type { Decision } from '../../model/decision.ts';
import type { BrokerName } from '../../model/question.ts';

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
  const { refusedConnect } = DIALECT_OF[broker];
  if (refusedConnect === null) return undefined;
  if (decision.outcome === 'allow') return textOf({ mqtt3: 0 });
  if (typeof refusedConnect === 'function') return textOf(refusedConnect(decision, endpoint, status));
  return textOf(refusedConnect[decision.outcome] ?? refusedConnect.deny);
}

function textOf({ mqtt3, mqtt5, note }: SeenByClient): string {
  const parts = [
    mqtt3 === undefined ? undefined : `CONNACK ${mqtt3}`,
    mqtt5 === undefined ? undefined : `MQTT 5: 0x${mqtt5.toString(16)}`,
    note,
  ];
  return parts.filter((part) => part !== undefined).join(', ');
}
