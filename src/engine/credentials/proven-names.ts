import type { ProvenNames } from '../../model/decision.ts';
import type { CredentialsRecord } from './credentials-record.ts';
import { storedBasicOf } from './stored/stored-basic.ts';

/**
 * The client id and user name that a credential fixes, which are the same whether the client connects or is asked about
 * later: what stands in MQTT basic credentials, for they let nobody in under another name.
 *
 * An access token fixes neither. The client id is the client's choice (and no broker keeps others from it once a device is
 * off line), and the user name is the token itself: a secret, which a topic would tell everybody. Nor does a certificate,
 * with which clients send what they like.
 */
export function provenNames(record: CredentialsRecord): ProvenNames | undefined {
  if (record.credentialsType !== 'MQTT_BASIC') return undefined;
  const stored = storedBasicOf(record);
  if (!stored?.clientId && !stored?.userName) return undefined;
  return { clientId: stored.clientId || undefined, username: stored.userName || undefined };
}
