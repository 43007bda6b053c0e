import type { DeviceIdentity, Role } from './device-identity.ts';
import type { ScramKeys } from './scram-keys.ts';
import type { RuleSet } from './topic-rules.ts';
import type { TopicSubject } from './topic-subject.ts';

/**
 * Every reason for which ThingPass refuses, once, for logs, metrics, explain and the audit trail.
 * Codes are stable; the sentences in {@link DENY_REASONS} may improve.
 */
export const DENY_REASONS = {
  credentials_unknown: 'no credentials match what the client sent',
  password_mismatch: 'the credentials exist, the password is wrong or missing',
  scram_keys_missing: 'the credentials have no SCRAM keys for this algorithm and iteration count',
  credentials_mismatch: 'the credentials exist for another client id or user name',
  credentials_type_mismatch: 'the credentials exist, but are of a type that this client may not use this way',
  credentials_unreadable: 'the stored credentials cannot be read',
  credentials_not_yet_valid: 'the credentials are not valid yet',
  credentials_expired: 'the credentials have expired',
  device_missing: 'the credentials belong to a device that does not exist',
  profile_transport_mismatch: 'the device profile is for another transport than MQTT',
  malformed_string: 'a field holds a NUL character or text that is not valid Unicode',
  placeholder_not_filled: 'a field holds an unreplaced placeholder: the broker is not configured to send it',
  provision_session_not_allowed: 'provisioning sessions are disabled for this broker',
  certificate_unknown: 'no credentials match the certificate',
  certificate_expired: 'the certificate has expired',
  certificate_not_yet_valid: 'the certificate is not valid yet',
  certificate_verification_failed: 'the TLS endpoint says that the certificate did not verify',
  certificate_not_checked:
    'the TLS endpoint did not verify the certificate, and unverified ones are not believed here',
  certificate_unreadable: 'a certificate was sent, but it cannot be read',
  certificate_required: 'this listener admits clients with a certificate only',
  certificate_form_not_enabled: 'the certificate came in a form that is not enabled here',
  certificate_chain_broken: 'the certificates sent do not form a chain',
  certificate_provisioning_failed:
    'the certificate chain leads to a profile, which does not admit this certificate',
  thingsboard_read_only:
    'ThingsBoard’s database is only read here, and this would have to be written there: do it in ThingsBoard',
  certificate_revoked: 'an authority has revoked the certificate, or one above it',
  certificate_untrusted: 'the certificate does not lead to a configured certificate authority',
  certificate_usage_mismatch: 'the certificate is not made for TLS clients',
  certificate_status_unknown: 'the revocation state of the certificate cannot be found out',
  certificate_name_not_enabled: 'a certificate name alone identifies nobody here: names are not enabled',
  certificate_name_ambiguous:
    'the certificate name is empty, has several common names, or could have been injected',
  certificate_name_unknown: 'no device goes with the certificate name',
  topic_not_allowed: 'no rule allows this topic',
  topic_denied_by_rule: 'a rule denies this topic',
  topic_invalid: 'the topic or filter is not a valid MQTT topic',
  topic_shared_between_devices:
    'this broker does not mount each device apart, so the topic would carry every device’s messages',
  topic_filter_too_complex: 'the filter is too complex to be checked against the rules',
  passport_invalid: 'the signed client attribute is not ours or belongs to another client id',
  not_supported: 'this kind of request is not supported',
  superuser_refused: 'ThingPass grants no superuser rights',
  guard_refused: 'the caller did not prove that it is the broker',
  request_unreadable: 'the broker’s request cannot be read',
  throttled: 'too many wrong credentials: blocked for a while',
  denied_by_list: 'the device or certificate is on the deny list',
} as const satisfies Record<string, string>;

export type DenyReason = keyof typeof DENY_REASONS;

/** Why no decision could be made; brokers that can tell "no" from "ask again" are told so. */
export const UNAVAILABLE_REASONS = {
  storage_unavailable: 'the database cannot be asked',
  overloaded: 'too many requests are waiting',
  timed_out: 'the decision took longer than its time budget',
  internal_error: 'an internal error',
} as const satisfies Record<string, string>;

export type UnavailableReason = keyof typeof UNAVAILABLE_REASONS;

/** The CONNACK codes ThingsBoard would have sent (`engine/credentials/thingsboard.md` section 5), unsigned. */
export interface ConnackCode {
  readonly v3: number;
  readonly v5: number;
}

export const CONNACK_ACCEPTED: ConnackCode = Object.freeze({ v3: 0, v5: 0 });
export const CONNACK_SERVER_UNAVAILABLE: ConnackCode = Object.freeze({ v3: 3, v5: 0x88 });

/** One named step of a decision and what it said, for explain and the decision log. Never a secret. */
export interface Step {
  readonly step: string;
  readonly detail: string;
}

/** Whom the rules are asked about, and which rules; `access/` turns them into a broker's own lists. */
export interface TopicRights {
  readonly subject: TopicSubject;
  readonly rules: RuleSet;
  readonly perDeviceMountpoint: boolean;
}

/** What a login leads to once it is granted. Rows are named by their ids; nothing of this is for answers. */
export interface FollowUp {
  readonly rowId: string;
  /** The secret that matched, where secrets are stored apart from the credential. */
  readonly secretId: string | undefined;
  /** It is the first use that ends others. */
  readonly ends: boolean;
  /** The password is kept in a form that it should be brought out of. */
  readonly outdated: boolean;
}

/** What a client must call itself to use its credentials; absent parts are its own choice. */
export interface ProvenNames {
  readonly clientId?: string | undefined;
  readonly username?: string | undefined;
}

export interface Allow {
  readonly outcome: 'allow';
  readonly role: Role;
  /** Absent for a provisioning session only. */
  readonly device?: DeviceIdentity | undefined;
  /** The credentials id that matched. */
  readonly credentialsId?: string | undefined;
  /** Epoch milliseconds after which this decision no longer holds. */
  readonly expiresAt?: number | undefined;
  /** Sealed text for the broker to hand back at topic checks, so that they know who asks. */
  readonly passport?: string | undefined;
  /** What the client may do, for brokers that are told at once instead of asking each time. */
  readonly rights?: TopicRights | undefined;
  /** The names that the credentials fix, for topic rules: what else a client calls itself proves nothing. */
  readonly names?: ProvenNames | undefined;
  /** The common name of the certificate that identified the client, for topic rules. */
  readonly commonName?: string | undefined;
  /** For a question that asks about each of several filters: which are granted; absent where all are. */
  readonly granted?: readonly boolean[] | undefined;
  /** With these the broker checks the client's proof; a client that fails it is not admitted. */
  readonly scramKeys?: ScramKeys | undefined;
  /** Mostly absent. */
  readonly followUp?: FollowUp | undefined;
  readonly connack: ConnackCode;
  readonly steps: readonly Step[];
}

export interface Deny {
  readonly outcome: 'deny';
  readonly reason: DenyReason;
  readonly connack: ConnackCode;
  /** True where ThingsBoard counts a failed login (`engine/credentials/thingsboard.md` section 8). */
  readonly countsAsFailure: boolean;
  /** Keys that no password has: the exchange goes on and fails, so that it does not tell who is known here. */
  readonly scramKeys?: ScramKeys | undefined;
  readonly steps: readonly Step[];
}

/** Let the broker's next authenticator decide; only where switched on for that broker, only for authentication. */
interface NoOpinion {
  readonly outcome: 'no_opinion';
  readonly reason: DenyReason;
  readonly connack: ConnackCode;
  readonly countsAsFailure: boolean;
  readonly steps: readonly Step[];
}

export interface Unavailable {
  readonly outcome: 'unavailable';
  readonly reason: UnavailableReason;
  readonly connack: ConnackCode;
  readonly steps: readonly Step[];
}

export type Decision = Allow | Deny | NoOpinion | Unavailable;

/** The CONNACK of refusals that ThingsBoard does not know, as for a certificate (section 5): 5 / 0x87. */
export const CONNACK_NOT_AUTHORIZED: ConnackCode = Object.freeze({ v3: 5, v5: 0x87 });

export function deny(
  reason: DenyReason,
  steps: readonly Step[] = [],
  connack: ConnackCode = CONNACK_NOT_AUTHORIZED,
  countsAsFailure = false,
): Deny {
  return { outcome: 'deny', reason, connack, countsAsFailure, steps };
}

export function unavailable(reason: UnavailableReason, steps: readonly Step[] = []): Unavailable {
  return { outcome: 'unavailable', reason, connack: CONNACK_SERVER_UNAVAILABLE, steps };
}
