import {
  type Allow,
  CONNACK_ACCEPTED,
  CONNACK_SERVER_UNAVAILABLE,
  type ConnackCode,
  type Decision,
  type Deny,
  deny,
  type FollowUp,
  type ProvenNames,
  type Step,
} from '../../model/decision.ts';
import type { Role } from '../../model/device-identity.ts';
import { CONNACK_RATE_LIMITED } from './connack.ts';
import type { CredentialsRecord, StoredDevice, StoredSecret } from './credentials-record.ts';
import type { DenyList } from './deny-list.ts';
import { storedBasicOf } from './stored/stored-basic.ts';

/** What is known of a match besides its record. */
export interface Match {
  readonly record: CredentialsRecord;
  /** The CONNACK that unknown credentials of this kind get. */
  readonly refusal: ConnackCode;
  /** Epoch milliseconds at which what was presented ends by itself: the secret, or the certificate. */
  readonly secretNotAfter?: number | undefined;
  /** The secret that matched, and whether it is kept as it no longer should be. */
  readonly secret?: StoredSecret | undefined;
  readonly outdated?: boolean | undefined;
  readonly commonName?: string | undefined;
}

/** What bears on a match besides the match itself. */
export interface AdmitContext {
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** What is denied at this moment, whatever it proves; without it, nothing. */
  readonly denyList?: (() => DenyList | undefined) | undefined;
  /** Says that a session of this device may not open because of a rate limit; asked once, last of all. */
  readonly sessionOpenLimited?: ((deviceId: string) => boolean) | undefined;
}

/**
 * What follows once the credentials have matched (`thingsboard.md` sections 1 and 7): the deny list and the validity
 * of the credential (ours), the device, its profile's transport, the session's rate limit, the role.
 */
export function admit(match: Match, context: AdmitContext, steps: Step[]): Decision {
  const { record, refusal } = match;
  const denied = refuseDenied(context.denyList?.()?.denies(record), steps);
  if (denied !== undefined) return denied;
  const now = context.now();
  if (record.notBefore !== undefined && record.notBefore > now) {
    steps.push({ step: 'validity', detail: 'not valid yet' });
    return deny('credentials_not_yet_valid', steps, refusal, true);
  }
  if (record.notAfter !== undefined && record.notAfter <= now) {
    steps.push({ step: 'validity', detail: 'expired' });
    return deny('credentials_expired', steps, refusal, true);
  }
  const found = admitDevice(record, steps, refusal);
  if ('outcome' in found) return found;
  if (context.sessionOpenLimited?.(record.deviceId)) {
    steps.push({ step: 'session_open', detail: 'over the rate limit' });
    return deny('throttled', steps, CONNACK_RATE_LIMITED);
  }
  return allowDevice(match, found, steps);
}

/** The refusal of what is on the deny list, which is no failed login. @param said what is on it, if anything is. */
export function refuseDenied(detail: string | undefined, steps: Step[]): Deny | undefined {
  if (detail === undefined) return undefined;
  steps.push({ step: 'deny_list', detail: `names ${detail}` });
  return deny('denied_by_list', steps);
}

/** The device, or the refusal if it is missing or its profile is for another transport. */
export function admitDevice(
  record: CredentialsRecord,
  steps: Step[],
  refusal: ConnackCode,
): StoredDevice | Deny {
  const { device } = record;
  if (device === undefined) {
    steps.push({ step: 'device', detail: 'does not exist' });
    return deny('device_missing', steps, refusal, true);
  }
  // The transport check comes after the credentials matched and is no failed login (section 7).
  if (device.transportType !== 'DEFAULT' && device.transportType !== 'MQTT') {
    steps.push({ step: 'transport', detail: `the profile is for ${device.transportType}` });
    return deny('profile_transport_mismatch', steps, CONNACK_SERVER_UNAVAILABLE);
  }
  return device;
}

/** The decision that lets a device in. */
export function allowDevice(match: Match, device: StoredDevice, steps: Step[]): Allow {
  const { record, secretNotAfter, commonName, secret, outdated = false } = match;
  const role = roleOf(device);
  steps.push({ step: 'device', detail: role });
  const expiresAt = earliest(record.notAfter, secretNotAfter);
  return {
    outcome: 'allow',
    role,
    device,
    credentialsId: record.credentialsId,
    expiresAt,
    names: provenNames(record),
    commonName,
    followUp: followUpOf(record, secret, outdated),
    connack: CONNACK_ACCEPTED,
    steps,
  };
}

function roleOf(device: StoredDevice): Role {
  if (device.sparkplug) return 'sparkplug_node';
  return device.gateway ? 'gateway' : 'device';
}

function earliest(one: number | undefined, other: number | undefined): number | undefined {
  if (one === undefined) return other;
  return other === undefined ? one : Math.min(one, other);
}

/**
 * What a good login leads to, if to anything: it may be the first use that ends an older credential or secret, and it brings
 * a password that may be kept in a better form from now on.
 * @param secret the one that matched. @param outdated whether the password is kept as it no longer should be.
 */
function followUpOf(
  { rowId, endsOthers = false, secrets }: CredentialsRecord,
  secret: StoredSecret | undefined,
  outdated: boolean,
): FollowUp | undefined {
  if (rowId === undefined) return undefined;
  const ends =
    endsOthers ||
    (secret !== undefined && secrets.some(({ endsOnFirstUseOf }) => endsOnFirstUseOf === secret.id));
  return ends || outdated ? { rowId, secretId: secret?.id, ends, outdated } : undefined;
}

/**
 * The client id and user name that a credential fixes, which are the same whether the client connects or is asked about
 * later: what stands in MQTT basic credentials, for they let nobody in under another name.
 *
 * An access token fixes neither. The client id is the client's choice (and no broker keeps others from it once a device is
 * off line), and the user name is the token itself: a secret, which a topic would tell everybody. Nor does a certificate,
 * with which clients send what they like.
 */
function provenNames(record: CredentialsRecord): ProvenNames | undefined {
  if (record.credentialsType !== 'MQTT_BASIC') return undefined;
  const stored = storedBasicOf(record);
  if (!stored?.clientId && !stored?.userName) return undefined;
  return { clientId: stored.clientId || undefined, username: stored.userName || undefined };
}
