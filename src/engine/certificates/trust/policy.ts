/** The checks of client certificates that go beyond ThingsBoard's rules. */
export const TRUST_RULES = ['path', 'usage', 'crl', 'ocsp'] as const;

export type TrustRule = (typeof TRUST_RULES)[number];

/** `warn`: the client is admitted, and the decision's trace and the log name the problem. */
export const TRUST_MODES = ['off', 'warn', 'require'] as const;

export type TrustMode = (typeof TRUST_MODES)[number];

export type TrustPolicy = Readonly<Record<TrustRule, TrustMode>>;

/** The rules that are not off, in the order of their checks. */
export function enabledRules(policy: TrustPolicy): readonly TrustRule[] {
  return TRUST_RULES.filter((rule) => policy[rule] !== 'off');
}

/** Applies a profile's policy over the installation's. */
export function overridePolicy(policy: TrustPolicy, by: Partial<TrustPolicy>): TrustPolicy {
  return Object.freeze({
    path: by.path ?? policy.path,
    usage: by.usage ?? policy.usage,
    crl: by.crl ?? policy.crl,
    ocsp: by.ocsp ?? policy.ocsp,
  });
}

/** A rule's objection to a certificate. */
export interface Objection {
  readonly rule: TrustRule;
  readonly reason:
    | 'certificate_untrusted'
    | 'certificate_usage_mismatch'
    | 'certificate_revoked'
    | 'certificate_status_unknown';
  /** In words, for explain and the log. */
  readonly detail: string;
  /**
   * The objection is reported but never refuses, even if the rule is required: the status is unknown, and the
   * operator chose to admit in this case.
   */
  readonly tolerated?: boolean | undefined;
}
