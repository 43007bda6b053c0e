import { TRUST_RULES, type TrustMode, type TrustPolicy, type TrustRule } from './policy.ts';
import type { RevocationRules, WhenUnknown } from './revocation-lists.ts';

/** The operator's requirements for client certificates beyond ThingsBoard's rules. */
export interface TrustConfig {
  /** The policy of devices whose profile has none. */
  readonly policy: TrustPolicy;
  /** PEM file of the authorities that may issue client certificates. */
  readonly authoritiesFile: string | undefined;
  readonly crl: RevocationRules & {
    readonly files: readonly string[];
    readonly urls: readonly string[];
    readonly timeoutMs: number;
  };
  readonly ocsp: {
    readonly url: string | undefined;
    readonly timeoutMs: number;
    readonly noAnswer: WhenUnknown;
  };
}

const MODE_SETTINGS: Readonly<Record<TrustRule, string>> = {
  path: 'THINGPASS_CERTIFICATE_PATH',
  usage: 'THINGPASS_CERTIFICATE_USAGE',
  crl: 'THINGPASS_CRL',
  ocsp: 'THINGPASS_OCSP',
};

/**
 * Reads the settings of certificate trust.
 * @param text returns a setting by name, already checked for its type.
 * @param list returns the parts of a list setting.
 * @param budgetMs time limit of a decision.
 * @param problems receives one sentence for each setting that cannot work.
 */
export function readTrustConfig(
  text: (name: string) => string,
  list: (name: string) => string[],
  budgetMs: number,
  problems: string[],
): TrustConfig {
  const mode = (rule: TrustRule) => text(MODE_SETTINGS[rule]) as TrustMode;
  const policy = Object.freeze({
    path: mode('path'),
    usage: mode('usage'),
    crl: mode('crl'),
    ocsp: mode('ocsp'),
  });
  const authoritiesFile = text('THINGPASS_CLIENT_CA_FILE') || undefined;
  for (const rule of TRUST_RULES) {
    if (rule === 'usage' || policy[rule] === 'off' || authoritiesFile !== undefined) continue;
    problems.push(
      `${MODE_SETTINGS[rule]} needs THINGPASS_CLIENT_CA_FILE: only the path to a configured authority says who may revoke`,
    );
  }
  const files = list('THINGPASS_CRL_FILES');
  const urls = list('THINGPASS_CRL_URLS');
  if (policy.crl !== 'off' && files.length + urls.length === 0)
    problems.push('THINGPASS_CRL needs THINGPASS_CRL_FILES or THINGPASS_CRL_URLS');
  const url = text('THINGPASS_OCSP_URL');
  for (const [name, one] of [
    ...urls.map((part) => ['THINGPASS_CRL_URLS', part]),
    ['THINGPASS_OCSP_URL', url],
  ])
    if (one !== '' && !isHttp(one as string))
      problems.push(`${name} takes http or https URLs, without a user name or password`);
  const ocspMs = Number(text('THINGPASS_OCSP_TIMEOUT_MS'));
  if (policy.ocsp !== 'off' && ocspMs >= budgetMs)
    problems.push('THINGPASS_OCSP_TIMEOUT_MS must be less than THINGPASS_DECISION_BUDGET_MS');
  return Object.freeze({
    policy,
    authoritiesFile,
    crl: Object.freeze({
      files,
      urls,
      timeoutMs: Number(text('THINGPASS_CRL_TIMEOUT_MS')),
      expired: text('THINGPASS_CRL_EXPIRED') as WhenUnknown,
      missing: text('THINGPASS_CRL_MISSING') as WhenUnknown,
    }),
    ocsp: Object.freeze({
      url: url || undefined,
      timeoutMs: ocspMs,
      noAnswer: text('THINGPASS_OCSP_NO_ANSWER') as WhenUnknown,
    }),
  });
}

/** Lists are public. A password in a URL would appear in logs and metrics. */
function isHttp(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return /^https?:$/.test(protocol) && username === '' && password === '';
}
