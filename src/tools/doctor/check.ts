import type { Config } from '../../config/config.ts';
import type { Finding } from './finding.ts';

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
  /** What it looks at, in words for people. */
  readonly looks: string;
  /** Whether it needs a configuration that can be used. */
  readonly needsConfig: boolean;
  readonly run: (examined: Examined) => readonly Finding[] | Promise<readonly Finding[]>;
}
