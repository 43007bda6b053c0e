/** What may be asked of a client's certificate beyond ThingsBoard's rules. */
export const TRUST_RULES = ['path', 'usage', 'crl', 'ocsp'] as const;

export type TrustRule = (typeof TRUST_RULES)[number];

/** `warn`: the client is admitted, and the decision's steps and the log name the problem. */
export const TRUST_MODES = ['off', 'warn', 'require'] as const;

export type TrustMode = (typeof TRUST_MODES)[number];

export type TrustPolicy = Readonly<Record<TrustRule, TrustMode>>;

export const TRUST_OFF: TrustPolicy = Object.freeze({ path: 'off', usage: 'off', crl: 'off', ocsp: 'off' });

/** The rules that are not off, in the order in which they are looked at. */
export function rulesOf(policy: TrustPolicy): readonly TrustRule[] {
  return TRUST_RULES.filter((rule) => policy[rule] !== 'off');
}

/** A profile's own word where it has one, the installation's elsewhere. */
export function overridden(policy: TrustPolicy, by: Partial<TrustPolicy>): TrustPolicy {
  return Object.freeze({
    path: by.path ?? policy.path,
    usage: by.usage ?? policy.usage,
    crl: by.crl ?? policy.crl,
    ocsp: by.ocsp ?? policy.ocsp,
  });
}

/** What a rule has against a certificate. */
export interface Objection {
  readonly rule: TrustRule;
  readonly reason:
    | 'certificate_untrusted'
    | 'certificate_usage_mismatch'
    | 'certificate_revoked'
    | 'certificate_status_unknown';
  /** In words, for explain and the log. */
  readonly detail: string;
  /** Named, but no refusal even where the rule is required: nothing is known, and the operator chose to admit then. */
  readonly tolerated?: boolean | undefined;
}
