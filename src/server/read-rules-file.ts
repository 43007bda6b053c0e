import { readFileSync } from 'node:fs';
import { configInvalid } from '../model/errors.ts';
import type { Rule } from '../model/topic-rules.ts';

/**
 * The rules of a file, all of them or none.
 * @throws {ThingPassError} `config_invalid` with every bad line.
 */
export async function readRulesFile(file: string): Promise<readonly Rule[]> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw configInvalid([`THINGPASS_RULES_FILE cannot be read (${(error as NodeJS.ErrnoException).code})`]);
  }
  // YAML's parser is no small thing, and most installations have no such file.
  const { parseRulesFile } = await import('../engine/access/rules-file.ts');
  const parsed = parseRulesFile(text, file);
  if (parsed.ok) return parsed.rules;
  throw configInvalid(parsed.problems.map(({ line, reason }) => `${file}:${line}: ${reason}`));
}
