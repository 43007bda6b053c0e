import { basicCredentialsId } from '../../engine/credentials/stored/hash.ts';
import type { Allow } from '../../model/decision.ts';
import type { ClientClaim } from '../../model/question.ts';

/**
 * The smallest table with which an MQTT device works (`rabbitmq.md` section 3). A plain "yes" for everyone who is known
 * would let a device's credentials, used over AMQP, read and delete any queue.
 */

/** The exchange to and from which RabbitMQ's MQTT plugin routes, unless `mqtt.exchange` says otherwise. */
export const MQTT_EXCHANGE = 'amq.topic';

export interface Resource {
  readonly kind: string;
  readonly name: string;
  readonly permission: string;
}

/** What of the table a resource is: one that every device needs, a queue of the client id's, or nothing that MQTT needs. */
export function partOfMqtt(
  { kind, name, permission }: Resource,
  clientId: string,
): 'shared' | 'own' | 'none' {
  if (clientId === '') return 'none';
  if (kind === 'exchange') {
    const needed = name === MQTT_EXCHANGE && (permission === 'write' || permission === 'read');
    return needed ? 'shared' : 'none';
  }
  const asked = permission === 'configure' || permission === 'write' || permission === 'read';
  return kind === 'queue' && asked && queuesOf(clientId).includes(name) ? 'own' : 'none';
}

/** One queue for each QoS of a client's subscriptions; 4.x has one more for a delayed will. */
function queuesOf(clientId: string): readonly string[] {
  const subscriptions = `mqtt-subscription-${clientId}qos`;
  return [`${subscriptions}0`, `${subscriptions}1`, `mqtt-will-${clientId}`];
}

/**
 * Whether a client id is the device's and nobody else's.
 *
 * A queue is named by the client id, which every client chooses, and holds the session's messages: with another's client
 * id one gets another's messages, those that wait and those to come. No request tells whose session it was. So queues
 * are for client ids that say whose they are: the one in the device's MQTT basic credentials, the device's id or name, the
 * common name that identified it. A provisioning session is nobody's and has none.
 */
export function ownsClientId({ device, credentialsId, commonName }: Allow, claim: ClientClaim): boolean {
  const { clientId, username } = claim;
  if (device === undefined || clientId === '') return false;
  if (clientId === device.id || clientId === device.name || clientId === commonName) return true;
  return credentialsId === basicCredentialsId(clientId, username ?? '');
}
