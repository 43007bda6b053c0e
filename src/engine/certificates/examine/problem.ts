/** Something about a certificate or the way it was given that people should know. */
export interface Problem {
  /** `refused`: ThingPass, or every broker's TLS, lets no client in with it. `warning`: some do, or will. */
  readonly severity: 'refused' | 'warning';
  /** Stable, for scripts. */
  readonly code: string;
  /** For people. */
  readonly says: string;
}

export function refused(code: string, says: string): Problem {
  return { severity: 'refused', code, says };
}

export function warning(code: string, says: string): Problem {
  return { severity: 'warning', code, says };
}

/** What some bytes turned out to be. Only for people's eyes: where a certificate decides, the form is declared, never guessed. */
export interface Guess {
  /** In words, outermost form first, such as "percent-encoded PEM". */
  readonly form: string;
  /** DER, in the order in which they stood. */
  readonly certificates: readonly Buffer[];
  readonly problems: readonly Problem[];
}
