import { unwatchFile, watchFile } from 'node:fs';
import type { Logger } from 'pino';
import { compileRules } from '../engine/access/rule-set.ts';
import { ruleOf, type StoredRule } from '../engine/access/stored-rule.ts';
import { configInvalid, isThingPassError } from '../model/errors.ts';
import type { Rule, RuleSet } from '../model/topic-rules.ts';
import { readOnChange } from '../storage/reading/read-on-change.ts';
import { readRulesFile } from './read-rules-file.ts';

/** The operators' rules as they are at this moment: the file's and the database's as one set. */
export interface RulesInForce {
  current(): RuleSet;
  /** The file's alone; what is saved in the database is checked together with them. */
  fromFile(): readonly Rule[];
  close(): void;
}

/** Where the rules of the database come from; see `storage/`. */
export interface RuleStorage {
  accessRules(): Promise<readonly StoredRule[]>;
  onTableChange(listener: (table: string) => void): void;
}

/** How often a rules file is looked at, in milliseconds: by its times and size, as that works on every file system. */
const LOOK_EVERY_MS = 1_000;
/** Changes of the database gather for this long, so that an import does not mean a set for each rule. */
const GATHER_MS = 50;

/**
 * Reads the rules of the file and of the database, and again whenever they change. Rules that cannot be used stop the
 * start; later ones are refused with every reason, and the rules before them stay in force, as they do while the database
 * cannot be asked.
 *
 * Within each scope the file's rules come first: what is fixed there, nobody undoes through the API. Both sets were
 * checked for how complex they are when they were saved; where a filter is too complex for the two together, it is denied.
 * @param file undefined: only the database's rules.
 * @throws {ThingPassError} `config_invalid` at the start only.
 */
export async function putRulesInForce(
  file: string | undefined,
  storage: RuleStorage,
  log: Logger,
): Promise<RulesInForce> {
  let fromFile = file === undefined ? [] : await readRulesFile(file);
  const reading = await readOnChange({
    table: 'access_rule',
    storage,
    gatherMs: GATHER_MS,
    read: () => storage.accessRules(),
    onRead: (rows) => take(rows),
    onError: (err) => log.warn({ err }, 'the rules cannot be read; those before stay in force'),
  });
  let fromDatabase = usable(reading.current());
  let set = compileRules([...fromFile, ...fromDatabase]);

  async function reloadFile(path: string): Promise<void> {
    try {
      fromFile = await readRulesFile(path);
      set = compileRules([...fromFile, ...fromDatabase]);
      log.info({ file: path }, 'the rules file was read again');
    } catch (error) {
      const problems = problemsOf(error);
      log.error({ file: path, problems }, 'the rules file cannot be used; the rules before it stay in force');
    }
  }

  function take(rows: readonly StoredRule[]): void {
    try {
      fromDatabase = usable(rows);
      set = compileRules([...fromFile, ...fromDatabase]);
      log.info({ rules: fromDatabase.length }, 'the rules in the database were read again');
    } catch (error) {
      const problems = problemsOf(error);
      log.error({ problems }, 'rules in the database cannot be used; those before stay in force');
    }
  }

  const look = (): void => void reloadFile(file as string);
  if (file !== undefined) watchFile(file, { interval: LOOK_EVERY_MS, persistent: false }, look);
  return {
    current: () => set,
    fromFile: () => fromFile,
    close() {
      reading.close();
      if (file !== undefined) unwatchFile(file, look);
    },
  };
}

function problemsOf(error: unknown): readonly string[] {
  return isThingPassError(error, 'config_invalid') ? error.data.problems : [(error as Error).message];
}

/** @throws {ThingPassError} `config_invalid` naming every row that cannot be used: with a rule missing, those after it would decide in its place. */
function usable(rows: readonly StoredRule[]): readonly Rule[] {
  const problems: string[] = [];
  const rules: Rule[] = [];
  for (const row of rows) {
    const rule = ruleOf(row);
    if (typeof rule === 'string') problems.push(`rule ${row.id} in the database: ${rule}`);
    else rules.push(rule);
  }
  if (problems.length > 0) throw configInvalid(problems);
  return rules;
}
