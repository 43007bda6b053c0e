import type { Finding, Level } from '../../doctor/finding.ts';

/** A line of a broker's or proxy's configuration that goes wrong. */
export interface Trap extends Finding {
  /** Counts from 1. For what is missing: the line of the block that it is missing from, or 1. */
  readonly line: number;
}

/** Takes down traps while a configuration is walked through. */
export class Traps {
  readonly found: Trap[] = [];

  problem(line: number, said: string, mend: string): void {
    this.#add('problem', line, said, mend);
  }

  advice(line: number, said: string, mend: string): void {
    this.#add('advice', line, said, mend);
  }

  #add(level: Level, line: number, said: string, mend: string): void {
    this.found.push({ level, line, said, mend });
  }
}
