import type { Config } from '../../config/config.ts';
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
  /** What was checked, shown when nothing was found. */
  readonly looked: string;
  readonly findings: readonly Finding[];
}

export function problem(detail: string, mend: string): Finding {
  return { level: 'problem', detail, mend };
}

export function advice(detail: string, mend: string): Finding {
  return { level: 'advice', detail, mend };
}

/** The environment variables of the server that is examined. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What every check is given. */
export interface Examined {
  readonly environment: Environment;
  /** The file that settings were read from besides, where there is one. */
  readonly environmentFile: string | undefined;
  /** Absent where the configuration cannot be used: checks that need it are left out then. */
  readonly config: Config | undefined;
  readonly configProblems: readonly string[];
  readonly now: number;
}

/** One look at an installation. */
export interface Check {
  readonly name: string;
  /** What it checks, in words. */
  readonly looks: string;
  /** Whether it needs a configuration that can be used. */
  readonly needsConfig: boolean;
  readonly run: (examined: Examined) => readonly Finding[] | Promise<readonly Finding[]>;
}
