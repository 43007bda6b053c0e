import type { Decision, DenyReason, UnavailableReason } from '../../model/decision.ts';
import type { CredentialsType } from '../../model/device.ts';

/** Facts besides the decision that a suggestion needs. */
export interface Circumstances {
  /** Types of the credentials of the device that has the client id as its name; `undefined` without one. */
  readonly namesake: readonly CredentialsType[] | undefined;
  /** Something stood where a certificate would, in a form that is not enabled. */
  readonly ignoredCertificate: boolean;
  /** Until when the client is refused whatever it brings, in epoch milliseconds. */
  readonly blockedUntil?: number | undefined;
}

const HOW: Readonly<Record<CredentialsType, string>> = {
  ACCESS_TOKEN: 'an access token: connect with it as the user name',
  MQTT_BASIC: 'MQTT basic: connect with their client id, user name and password',
  X509_CERTIFICATE: 'X.509: connect without a username over TLS',
  LWM2M_CREDENTIALS: 'LwM2M, which MQTT clients cannot use',
};

/** One sentence for every reason: what to do first. */
const BY_REASON: Readonly<Record<DenyReason | UnavailableReason, string>> = {
  credentials_unknown: 'create the device, or compare what the client sends with its credentials',
  password_mismatch: 'give the client the password of these credentials, or rotate them',
  scram_keys_missing: 'set the password anew, so that keys for this algorithm are kept',
  credentials_mismatch: 'connect with the client id and the user name that the credentials hold',
  credentials_type_mismatch: 'connect the way that the credentials are made for, or give the device others',
  credentials_unreadable: 'replace the stored credentials',
  credentials_not_yet_valid: 'wait until they are, or check the clock',
  credentials_expired: 'rotate the credentials and give the client the new ones',
  device_missing: 'remove the credentials, or create the device again',
  profile_transport_mismatch: 'give the device a profile whose transport is DEFAULT or MQTT',
  malformed_string: 'look at the client: no MQTT library sends that',
  placeholder_not_filled:
    'correct the template in the broker’s configuration: this broker does not know the placeholder',
  provision_session_not_allowed:
    'name the broker in THINGPASS_PROVISION_BROKERS, if devices may provision themselves',
  certificate_unknown: 'give the device this certificate as credentials',
  certificate_expired: 'give the client a new certificate',
  certificate_not_yet_valid: 'check the clock of the authority and of this server',
  certificate_verification_failed:
    'look at the TLS endpoint’s authorities: it says that the certificate is not theirs',
  certificate_not_checked:
    'where the TLS endpoint does verify certificates, name the form in THINGPASS_UNCHECKED_CERTIFICATES',
  certificate_required: 'connect with a certificate, or through another listener',
  certificate_form_not_enabled: 'name the form in THINGPASS_CERTIFICATE_FORMS',
  certificate_untrusted: 'add the certificate’s authority to THINGPASS_CLIENT_CA_FILE',
  certificate_revoked: 'give the client a new certificate',
  certificate_name_not_enabled:
    'switch names on with THINGPASS_CERTIFICATE_NAMES, or forward the whole certificate',
  topic_not_allowed: 'add a rule that allows the topic',
  topic_denied_by_rule: 'change the rule that the last step names',
  topic_invalid: 'look at the topic: wildcards stand alone in their level, and never in a topic published to',
  topic_shared_between_devices:
    'mount each device apart in the broker and name it in THINGPASS_MOUNTED_BROKERS, or subscribe below devices/<device id>/',
  topic_filter_too_complex: 'subscribe to a simpler filter',
  request_unreadable: 'compare the broker’s configuration with its folder in deploy/',
  denied_by_list: 'take it off the deny list, if it may connect again',
  storage_unavailable: 'look at the database: `thingpass doctor`',
  certificate_unreadable: 'look at what the TLS endpoint puts in the place of the certificate',
  certificate_chain_broken: 'let the client send its certificate first and each issuer after it',
  certificate_provisioning_failed: 'look at the profile: it names the pattern that certificates must fit',
  thingsboard_read_only: 'make the change in ThingsBoard',
  certificate_usage_mismatch: 'give the client a certificate that is made for TLS clients',
  certificate_status_unknown: 'look at the revocation lists and responders: `thingpass doctor`',
  certificate_name_ambiguous: 'forward the whole certificate instead of its name',
  certificate_name_unknown:
    'give the device credentials with this certificate, or the name that the certificate has',
  passport_invalid: 'let the client connect again',
  not_supported: 'look at the last step, which says what is not supported',
  superuser_refused: 'nothing: brokers ask this as a matter of course',
  guard_refused:
    'let the broker send the secret of THINGPASS_SECRET: as x-thingpass-secret, in the path, or as a password',
  throttled: 'send the right credentials; `thingpass blocked clear` ends the block',
  overloaded: 'ask again; when it stays, look at the metrics',
  timed_out: 'look at the database: `thingpass doctor`',
  internal_error: 'look at the log',
};

const NOT_FOUND: ReadonlySet<string> = new Set([
  'credentials_unknown',
  'credentials_mismatch',
  'certificate_required',
]);

/** The one thing to try first; `undefined` where nothing is wrong. */
export function suggest(decision: Decision, circumstances: Circumstances): string | undefined {
  const { blockedUntil } = circumstances;
  if (blockedUntil === undefined) return remedyOf(decision, circumstances);
  const remedy = remedyOf(decision, circumstances) ?? 'nothing else is wrong';
  return `${remedy}; then wait until ${new Date(blockedUntil).toISOString()}, or end the block with \`thingpass blocked clear\``;
}

function remedyOf(decision: Decision, { namesake, ignoredCertificate }: Circumstances): string | undefined {
  if (decision.outcome === 'allow') return undefined;
  const { reason } = decision;
  if (NOT_FOUND.has(reason)) {
    if (ignoredCertificate)
      return 'a certificate came in a form that is not enabled: name it in THINGPASS_CERTIFICATE_FORMS';
    const [type] = namesake ?? [];
    if (type !== undefined) return `a device with this client id exists; its credentials are ${HOW[type]}`;
    if (namesake !== undefined)
      return 'a device with this client id exists, without credentials: give it some';
  }
  return BY_REASON[reason];
}
