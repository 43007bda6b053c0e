import {
  type Document,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
} from 'yaml';
import type { Rule, RuleSet } from '../../model/topic-rules.ts';
import { complexityProblem } from './complexity.ts';
import { readRule } from './rule.ts';
import { compileRules } from './rule-set.ts';

/** What is wrong in a rules file, and where. Lines count from 1. */
export interface RulesFileProblem {
  readonly file: string;
  readonly line: number;
  readonly reason: string;
}

export type RulesFile =
  | { readonly ok: true; readonly rules: readonly Rule[]; readonly set: RuleSet }
  | { readonly ok: false; readonly problems: readonly RulesFileProblem[] };

/**
 * Reads operators' rules as YAML:
 *
 * ```yaml
 * rules:
 *   - permission: allow
 *     action: publish
 *     filter: plant/${device.name}/#
 *     qos: [0, 1]
 *     retain: false
 *     profile: pumps        # or profileId, device, deviceId; none is everybody
 *     note: what for
 * ```
 *
 * One bad rule refuses the whole file: with a rule missing, those after it would decide in its place.
 * @param file its name, for messages and for each rule's origin.
 */
export function parseRulesFile(text: string, file: string): RulesFile {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, version: '1.2', prettyErrors: false });
  const lineOf = (offset: number | undefined) => counter.linePos(offset ?? 0).line || 1;
  const problems: RulesFileProblem[] = [];
  const say = (offset: number | undefined, reason: string) =>
    problems.push({ file, line: lineOf(offset), reason });

  for (const one of [...document.errors, ...document.warnings]) say(one.pos[0], one.message);
  if (problems.length > 0) return { ok: false, problems };

  const list = rulesNode(document.contents, say);
  if (list === undefined) return { ok: false, problems };
  const rules: Rule[] = [];
  for (const item of list) {
    const offset = item.range?.[0];
    const rule = readRule(plainly(item, document));
    if (typeof rule === 'string') say(offset, rule);
    else rules.push({ ...rule, origin: `${file}:${lineOf(offset)}` });
  }
  if (problems.length > 0) return { ok: false, problems };
  const set = compileRules(rules);
  const tooComplex = complexityProblem(set);
  if (tooComplex !== undefined) {
    say(undefined, tooComplex);
    return { ok: false, problems };
  }
  return { ok: true, rules, set };
}

/** The item as data; an alias that leads nowhere, or to too much, as the sentence that says so. */
function plainly(item: Node, document: Document): unknown {
  try {
    return item.toJS(document, { maxAliasCount: 100 });
  } catch (error) {
    return (error as Error).message;
  }
}

/** The items below `rules`, which is the file's only member. */
function rulesNode(
  contents: unknown,
  say: (offset: number | undefined, reason: string) => void,
): readonly Node[] | undefined {
  if (!isMap(contents)) {
    say(undefined, 'the file must be a mapping with the one member "rules"');
    return undefined;
  }
  let list: readonly Node[] | undefined;
  for (const { key, value } of contents.items as Pair<Node, Node | null>[]) {
    const name = isScalar(key) ? String(key.value) : '';
    if (name !== 'rules') say(key.range?.[0], `"${name}" is not known here; the one member is "rules"`);
    else if (isSeq(value)) list = value.items as Node[];
    else say(value?.range?.[0] ?? key.range?.[0], '"rules" must be a list');
  }
  if (list === undefined) say(contents.range?.[0], 'there is no list "rules"');
  return list;
}
