/** `problem`: something does not work, or is open. `advice`: it works, and is likely not what is wanted, or will not for long. */
export type Level = 'problem' | 'advice';

/** One thing that was found, in plain words, and what to do about it. Never holds a secret. */
export interface Finding {
  readonly level: Level;
  readonly detail: string;
  readonly mend: string;
}

/** What a check found: nothing where all is well, and then what it looked at. */
export interface Checked {
  readonly check: string;
  /** What was looked at, for people who see no findings. */
  readonly looked: string;
  readonly findings: readonly Finding[];
}

export function problem(detail: string, mend: string): Finding {
  return { level: 'problem', detail, mend };
}

export function advice(detail: string, mend: string): Finding {
  return { level: 'advice', detail, mend };
}
