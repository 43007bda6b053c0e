/** A problem of a certificate or of the form in which it was given. */
export interface Problem {
  /** `refused`: ThingPass or every broker's TLS refuses a client with it. `warning`: some brokers do, or will. */
  readonly severity: 'refused' | 'warning';
  /** Stable, for scripts. */
  readonly code: string;
  /** A sentence for the operator. */
  readonly says: string;
}

export function refused(code: string, says: string): Problem {
  return { severity: 'refused', code, says };
}

export function warning(code: string, says: string): Problem {
  return { severity: 'warning', code, says };
}

/**
 * The result of guessing a form. For reports and files of trusted authorities; a client's certificate is read in
 * the declared form and never guessed.
 */
export interface Guess {
  /** The form in words, outermost first, such as "percent-encoded PEM". */
  readonly form: string;
  /** DER, in the order of the input. */
  readonly certificates: readonly Buffer[];
  readonly problems: readonly Problem[];
}
