import { readFileSync, unwatchFile, watchFile } from 'node:fs';
import type { Logger } from 'pino';
import { NO_RULES, type RuleSet } from '../access/rule-set.ts';
import { parseRulesFile } from '../access/rules-file.ts';
import { ConfigError } from '../config.ts';

/** The operators' rules as they are at this moment. */
export interface RulesInForce {
  current(): RuleSet;
  close(): void;
}

/** How often a rules file is looked at, in milliseconds: by its times and size, as that works on every file system. */
const LOOK_EVERY_MS = 1_000;

/**
 * Reads the rules file and reads it again when it changes. A file that cannot be used stops the start; one that becomes
 * so later is refused with every bad line, and the rules before it stay in force.
 * @param file undefined: no rules but the built-in ones.
 * @throws {ConfigError} at the start only.
 */
export function watchRulesFile(file: string | undefined, log: Logger): RulesInForce {
  if (file === undefined) return { current: () => NO_RULES, close: () => undefined };
  let set = read(file);

  const reload = (): void => {
    try {
      set = read(file);
      log.info({ file }, 'the rules file was read again');
    } catch (error) {
      const problems = error instanceof ConfigError ? error.problems : [(error as Error).message];
      log.error({ file, problems }, 'the rules file cannot be used; the rules before it stay in force');
    }
  };
  watchFile(file, { interval: LOOK_EVERY_MS, persistent: false }, reload);
  return { current: () => set, close: () => unwatchFile(file, reload) };
}

function read(file: string): RuleSet {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError([`THINGPASS_RULES_FILE cannot be read (${(error as NodeJS.ErrnoException).code})`]);
  }
  const parsed = parseRulesFile(text, file);
  if (parsed.ok) return parsed.set;
  throw new ConfigError(parsed.problems.map(({ line, reason }) => `${file}:${line}: ${reason}`));
}
