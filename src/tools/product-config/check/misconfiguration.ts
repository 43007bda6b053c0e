import type { Finding, Level } from '../../doctor/finding.ts';

/** A line of a broker's or proxy's configuration that goes wrong. */
export interface Misconfiguration extends Finding {
  /** Counts from 1. For what is missing: the line of the block that it is missing from, or 1. */
  readonly line: number;
}

/** What is looked for in the configuration of one product. */
export interface ConfigCheck {
  /** Matches what only this product's files hold. */
  readonly looksLike: RegExp;
  readonly traps: (text: string, version: string | undefined) => readonly Misconfiguration[];
}

/** Takes down traps while a configuration is walked through. */
export class Traps {
  readonly found: Misconfiguration[] = [];

  problem(line: number, detail: string, mend: string): void {
    this.#add('problem', line, detail, mend);
  }

  advice(line: number, detail: string, mend: string): void {
    this.#add('advice', line, detail, mend);
  }

  #add(level: Level, line: number, detail: string, mend: string): void {
    this.found.push({ level, line, detail, mend });
  }
}
