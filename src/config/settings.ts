import { TRUST_MODES } from '../engine/certificates/trust/policy.ts';
import { SESSION_BROKERS } from '../fleet/broker-sessions/session-end.ts';
import { BROKER_NAMES } from '../model/question.ts';
import { THROTTLE_KINDS } from './throttle-settings.ts';

type SettingKind = 'text' | 'secret' | 'integer' | 'flag' | 'list' | 'choice';

/** One environment variable, with its manual; `.env.example` is written from these. */
export interface Setting {
  readonly name: string;
  readonly kind: SettingKind;
  /** As it would be written in the environment; empty means "not set". */
  readonly default: string;
  readonly meaning: string;
  /** For `choice`: what it may be; for `list`: what each part may be, when that is a closed set. */
  readonly choices?: readonly string[];
  /** For `integer`: inclusive bounds. */
  readonly between?: readonly [number, number];
}

/** What happens to a client whose certificate's revocation state is unknown. */
const UNKNOWN_CHOICES = ['admit', 'refuse'] as const;

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** All settings. A secret may come from a file instead: the same name followed by `_FILE`. */
export const SETTINGS: readonly Setting[] = [
  {
    name: 'DATABASE_URL',
    kind: 'secret',
    default: 'file:./thingpass.db',
    meaning:
      'where the devices are kept: file:<path> for SQLite, or postgresql://user:password@host/database',
  },
  {
    name: 'THINGPASS_DATABASE_CONNECTIONS',
    kind: 'integer',
    default: '4',
    between: [1, 100],
    meaning: 'connections to PostgreSQL that each process decides with; it holds up to four more',
  },
  {
    name: 'THINGPASS_THINGSBOARD_DATABASE_URL',
    kind: 'secret',
    default: '',
    meaning:
      "ThingsBoard's own database, read before ours and never written: postgresql://user:password@host/thingsboard",
  },
  {
    name: 'THINGPASS_THINGSBOARD_STALENESS_MS',
    kind: 'integer',
    default: '5000',
    between: [0, 3_600_000],
    meaning: 'milliseconds within which a change of credentials in ThingsBoard is obeyed',
  },
  {
    name: 'THINGPASS_CACHE_SIZE',
    kind: 'integer',
    default: '50000',
    between: [100, 10_000_000],
    meaning: 'credentials to keep in memory, about one kilobyte each',
  },
  {
    name: 'THINGPASS_DECISION_BUDGET_MS',
    kind: 'integer',
    default: '1000',
    between: [50, 60_000],
    meaning: 'milliseconds within which every decision is answered, whatever the answer',
  },
  {
    name: 'THINGPASS_MOST_IN_FLIGHT',
    kind: 'integer',
    default: '20000',
    between: [1, 1_000_000],
    meaning: 'decisions under way in one process; further questions are answered "not now" at once',
  },
  {
    name: 'THINGPASS_MOST_CONNECTIONS',
    kind: 'integer',
    default: '20000',
    between: [1, 1_000_000],
    meaning: 'connections that each process keeps open at the same time; further ones are closed at once',
  },
  {
    name: 'THINGPASS_LONGEST_LAG_MS',
    kind: 'integer',
    default: '1000',
    between: [50, 60_000],
    meaning:
      'milliseconds by which a busy process may lag; beyond that, questions are answered "not now" at once',
  },
  {
    name: 'THINGPASS_STALE_WINDOW_SECONDS',
    kind: 'integer',
    default: '3600',
    between: [0, 604_800],
    meaning: 'seconds for which devices in memory are still admitted while the database cannot be asked',
  },
  {
    name: 'THINGPASS_HOST',
    kind: 'text',
    default: '127.0.0.1',
    meaning: 'address to listen on; anything but loopback needs a secret',
  },
  {
    name: 'THINGPASS_PORT',
    kind: 'integer',
    default: '8080',
    between: [0, 65_535],
    meaning: 'port to listen on; 0 lets the system choose',
  },
  {
    name: 'THINGPASS_WORKERS',
    kind: 'text',
    default: '1',
    meaning: 'processes that decide, on one port; auto: one for each processor',
  },
  {
    name: 'THINGPASS_LOG_LEVEL',
    kind: 'choice',
    default: 'info',
    choices: LOG_LEVELS,
    meaning: 'lowest level that is logged',
  },
  {
    name: 'THINGPASS_DECISION_LOG_FILE',
    kind: 'text',
    default: '',
    meaning:
      'file to which decisions are appended, instead of the log on standard output; reopened on SIGHUP',
  },
  {
    name: 'THINGPASS_DECISION_LOG_ALLOWS_ONE_IN',
    kind: 'integer',
    default: '0',
    between: [0, 1_000_000],
    meaning: 'one in this many allows is logged, chosen at random; 1 logs all, 0 none',
  },
  {
    name: 'THINGPASS_DECISION_LOG_REFUSALS_PER_SECOND',
    kind: 'integer',
    default: '50',
    between: [0, 100_000],
    meaning: 'refusals that each process logs one by one in a second; further ones are summed up by reason',
  },
  {
    name: 'THINGPASS_DECISION_LOG_WINDOW_SECONDS',
    kind: 'integer',
    default: '10',
    between: [1, 3_600],
    meaning: 'seconds for which further refusals are summed up before the sums are logged',
  },
  {
    name: 'THINGPASS_SECRET',
    kind: 'secret',
    default: '',
    meaning: 'what every broker proves itself with, at least 16 characters; one per line while changing it',
  },
  ...BROKER_NAMES.map(
    (broker): Setting => ({
      name: `THINGPASS_SECRET_${broker.toUpperCase()}`,
      kind: 'secret',
      default: '',
      meaning: `the same for ${broker} alone, instead of THINGPASS_SECRET`,
    }),
  ),
  {
    name: 'THINGPASS_API_KEY',
    kind: 'secret',
    default: '',
    meaning: 'a key of the management API, for commands that ask a running server, such as thingpass blocked',
  },
  {
    name: 'THINGPASS_THROTTLE',
    kind: 'list',
    default: '',
    choices: THROTTLE_KINDS,
    meaning: 'what failed logins are counted by, to block clients that fail too often; empty blocks nobody',
  },
  {
    name: 'THINGPASS_THROTTLE_FAILURES',
    kind: 'integer',
    default: '10',
    between: [1, 1_000_000],
    meaning: "failed logins in a row that block, as ThingsBoard's max_wrong_credentials_per_ip",
  },
  {
    name: 'THINGPASS_THROTTLE_BLOCK_MS',
    kind: 'integer',
    default: '60000',
    between: [100, 86_400_000],
    meaning:
      "milliseconds that the first block lasts, as ThingsBoard's ip_block_timeout; the next lasts twice as long",
  },
  {
    name: 'THINGPASS_THROTTLE_LONGEST_BLOCK_MS',
    kind: 'integer',
    default: '3600000',
    between: [100, 86_400_000],
    meaning: 'milliseconds that a block lasts at most',
  },
  {
    name: 'THINGPASS_THROTTLE_NEVER',
    kind: 'list',
    default: '',
    meaning:
      'addresses of clients that are never blocked, such as 10.0.0.7,192.168.0.0/16: proxies, load balancers',
  },
  {
    name: 'THINGPASS_THROTTLE_BELIEVED_BROKERS',
    kind: 'list',
    default: '',
    choices: BROKER_NAMES,
    meaning:
      'brokers whose client addresses are trusted although a client could forge them (WebSocket without a proxy in front)',
  },
  {
    name: 'THINGPASS_NO_OPINION_BROKERS',
    kind: 'list',
    default: '',
    choices: BROKER_NAMES,
    meaning:
      'brokers whose next authenticator decides about clients that are unknown here, such as emqx,vernemq',
  },
  {
    name: 'THINGPASS_MOUNTED_BROKERS',
    kind: 'list',
    default: '',
    choices: BROKER_NAMES,
    meaning: 'brokers that mount each device apart, so that v1/devices/me/… may be subscribed to',
  },
  {
    name: 'THINGPASS_RULES_FILE',
    kind: 'text',
    default: '',
    meaning: 'YAML file with topic rules; read again when it changes',
  },
  {
    name: 'THINGPASS_PROVISION_BROKERS',
    kind: 'list',
    default: '',
    choices: BROKER_NAMES,
    meaning:
      "brokers where anyone may open ThingsBoard's provisioning session (user name or client id provision)",
  },
  {
    name: 'THINGPASS_PASSWORD_HASH',
    kind: 'choice',
    default: 'scrypt',
    choices: ['scrypt', 'argon2id'],
    meaning: 'hash for passwords that a person chose, from now on',
  },
  {
    name: 'THINGPASS_UPGRADE_PASSWORDS',
    kind: 'flag',
    default: 'true',
    meaning:
      'replace plain-text passwords and weaker hashes by the current hash at the next good login; false keeps rows that go back to ThingsBoard',
  },
  {
    name: 'THINGPASS_SCRAM_ITERATIONS',
    kind: 'integer',
    default: '0',
    between: [0, 1_000_000],
    meaning:
      'iterations of the SCRAM keys that are stored with new passwords, as the broker has it (EMQX: 4096); 0 stores none',
  },
  {
    name: 'THINGPASS_ROTATION_OVERLAP_DAYS',
    kind: 'integer',
    default: '7',
    between: [0, 3_650],
    meaning: 'days for which a rotated token, password or certificate still holds',
  },
  {
    name: 'THINGPASS_ONE_CREDENTIAL_PER_DEVICE',
    kind: 'flag',
    default: 'false',
    meaning:
      'a device has one credential with one password, as in ThingsBoard; a rotation replaces it at once',
  },
  {
    name: 'THINGPASS_EXPIRY_CHECK_MINUTES',
    kind: 'integer',
    default: '60',
    between: [1, 1_440],
    meaning:
      'minutes between two checks for credentials and certificates that expire soon, for /metrics and notices',
  },
  {
    name: 'THINGPASS_EXPIRY_WEBHOOK_URL',
    kind: 'secret',
    default: '',
    meaning:
      'where notices are sent 30, 7 and 1 days before something expires, such as https://example.com/hook',
  },
  {
    name: 'THINGPASS_EXPIRY_WEBHOOK_SECRET',
    kind: 'secret',
    default: '',
    meaning:
      'what notices are signed with (Standard Webhooks), at least 16 characters; one per line while changing it',
  },
  {
    name: 'THINGPASS_EMQX_API_URL',
    kind: 'text',
    default: '',
    meaning:
      "EMQX's management API, by which provisioning over MQTT is answered, such as http://127.0.0.1:18083/api/v5",
  },
  {
    name: 'THINGPASS_EMQX_API_KEY',
    kind: 'secret',
    default: '',
    meaning:
      'an API key of EMQX and its secret with a colon between; of the role publisher, or administrator where sessions are ended',
  },
  {
    name: 'THINGPASS_END_SESSIONS',
    kind: 'list',
    default: '',
    choices: SESSION_BROKERS,
    meaning:
      'brokers where the sessions of a device end with its credentials; each needs the address and key of its API',
  },
  {
    name: 'THINGPASS_RABBITMQ_API_URL',
    kind: 'text',
    default: '',
    meaning: "RabbitMQ's management API, such as http://127.0.0.1:15672/api",
  },
  {
    name: 'THINGPASS_RABBITMQ_API_KEY',
    kind: 'secret',
    default: '',
    meaning: 'a user of RabbitMQ with the tag administrator and its password, with a colon between',
  },
  {
    name: 'THINGPASS_VERNEMQ_API_URL',
    kind: 'text',
    default: '',
    meaning: "VerneMQ's HTTP API, such as http://127.0.0.1:8888/api/v1",
  },
  {
    name: 'THINGPASS_VERNEMQ_API_KEY',
    kind: 'secret',
    default: '',
    meaning: 'what vmq-admin api-key create printed',
  },
  {
    name: 'THINGPASS_CERTIFICATE_FORMS',
    kind: 'list',
    default: '',
    meaning: 'forms in which client certificates are accepted, as broker:form, such as emqx:emqx_cert_pem',
  },
  {
    name: 'THINGPASS_UNCHECKED_CERTIFICATES',
    kind: 'list',
    default: '',
    meaning:
      'forms that are accepted although nothing says that the TLS endpoint verified the certificate, as broker:form',
  },
  {
    name: 'THINGPASS_CERTIFICATE_ONLY_LISTENERS',
    kind: 'list',
    default: '',
    meaning:
      'brokers or listeners that verify every client’s certificate, so that nobody is admitted there without one, as broker or broker:listener, such as emqx:ssl:default,nanomq:8883',
  },
  {
    name: 'THINGPASS_CERTIFICATE_NAMES',
    kind: 'list',
    default: '',
    meaning:
      'brokers whose certificate names alone identify clients of such listeners, as broker:credential (the name in a saved certificate) or broker:device_name',
  },
  {
    name: 'THINGPASS_PROXIES',
    kind: 'list',
    default: '',
    meaning: 'addresses that may write certificate headers, such as 127.0.0.1,10.0.0.0/8; empty trusts none',
  },
  {
    name: 'THINGPASS_CERTIFICATE_HEADERS',
    kind: 'list',
    default: '',
    meaning:
      'header names that differ from a form’s own, as form.role=name, such as nginx.certificate=x-client-cert',
  },
  {
    name: 'THINGPASS_XFCC_HOPS',
    kind: 'integer',
    default: '1',
    between: [1, 16],
    meaning: 'how many trusted Envoy proxies add an element to x-forwarded-client-cert',
  },
  {
    name: 'THINGPASS_SKIP_CERTIFICATE_DATES',
    kind: 'flag',
    default: 'false',
    meaning:
      "admit client certificates outside their dates, as ThingsBoard's skip_validity_check_for_client_cert",
  },
  {
    name: 'THINGPASS_CLIENT_CA_FILE',
    kind: 'text',
    default: '',
    meaning:
      'PEM file of the authorities that may issue client certificates, for the checks below; read again when it changes',
  },
  {
    name: 'THINGPASS_CERTIFICATE_PATH',
    kind: 'choice',
    default: 'off',
    choices: TRUST_MODES,
    meaning: 'whether a client certificate must lead to one of these authorities',
  },
  {
    name: 'THINGPASS_CERTIFICATE_USAGE',
    kind: 'choice',
    default: 'off',
    choices: TRUST_MODES,
    meaning:
      'whether a client certificate must be made for TLS clients (extendedKeyUsage clientAuth, or none)',
  },
  {
    name: 'THINGPASS_CRL',
    kind: 'choice',
    default: 'off',
    choices: TRUST_MODES,
    meaning: 'whether revocation lists are asked about client certificates and the authorities above them',
  },
  {
    name: 'THINGPASS_CRL_FILES',
    kind: 'list',
    default: '',
    meaning: 'revocation lists in files, PEM or DER; read again when they change',
  },
  {
    name: 'THINGPASS_CRL_URLS',
    kind: 'list',
    default: '',
    meaning: 'revocation lists to fetch by http or https, up to 16 MiB each, again before they expire',
  },
  {
    name: 'THINGPASS_CRL_TIMEOUT_MS',
    kind: 'integer',
    default: '10000',
    between: [100, 600_000],
    meaning: 'milliseconds within which a revocation list must have been fetched',
  },
  {
    name: 'THINGPASS_CRL_EXPIRED',
    kind: 'choice',
    default: 'admit',
    choices: UNKNOWN_CHOICES,
    meaning: 'clients that an expired revocation list does not name; those that it names are refused',
  },
  {
    name: 'THINGPASS_CRL_MISSING',
    kind: 'choice',
    default: 'admit',
    choices: UNKNOWN_CHOICES,
    meaning: 'clients of an authority without a valid revocation list',
  },
  {
    name: 'THINGPASS_OCSP',
    kind: 'choice',
    default: 'off',
    choices: TRUST_MODES,
    meaning: 'whether OCSP responders are asked about client certificates',
  },
  {
    name: 'THINGPASS_OCSP_URL',
    kind: 'text',
    default: '',
    meaning: 'responder to ask instead of the one that a certificate names',
  },
  {
    name: 'THINGPASS_OCSP_TIMEOUT_MS',
    kind: 'integer',
    default: '500',
    between: [50, 30_000],
    meaning: 'milliseconds that a decision waits for a responder, less than the decision budget',
  },
  {
    name: 'THINGPASS_OCSP_NO_ANSWER',
    kind: 'choice',
    default: 'admit',
    choices: UNKNOWN_CHOICES,
    meaning: 'clients about which no responder gives a valid answer',
  },
];

/** All settings as an environment file, each at its default: the text of `.env.example`. */
export function envExample(): string {
  const head = [
    '# Settings of ThingPass, each at its default. Copy to .env, or set them in the environment, which wins.',
    '# A secret may come from a file instead: the same name followed by _FILE, such as THINGPASS_SECRET_FILE.',
  ];
  const parts = SETTINGS.map((setting) => [
    '',
    `# ${setting.meaning}${setting.choices ? ` (${setting.choices.join(', ')})` : ''}`,
    `#${setting.name}=${setting.default}`,
  ]);
  return `${[head, ...parts].flat().join('\n')}\n`;
}
