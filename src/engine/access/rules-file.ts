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

/** A problem of a rules file. Lines count from 1. */
interface RulesFileProblem {
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
 *     profile: pumps        # or profileId, device, deviceId; none means all devices
 *     note: what for
 * ```
 *
 * One invalid rule refuses the whole file: without it, the rules after it would decide in its place.
 * @param file the file's name, for messages and each rule's origin.
 */
export function parseRulesFile(text: string, file: string): RulesFile {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, version: '1.2', prettyErrors: false });
  const lineOf = (offset: number | undefined) => counter.linePos(offset ?? 0).line || 1;
  const problems: RulesFileProblem[] = [];
  const report = (offset: number | undefined, reason: string) =>
    problems.push({ file, line: lineOf(offset), reason });

  for (const one of [...document.errors, ...document.warnings]) report(one.pos[0], one.message);
  if (problems.length > 0) return { ok: false, problems };

  const list = rulesNode(document.contents, report);
  if (list === undefined) return { ok: false, problems };
  const rules: Rule[] = [];
  for (const item of list) {
    const offset = item.range?.[0];
    const rule = readRule(toData(item, document));
    if (typeof rule === 'string') report(offset, rule);
    else rules.push({ ...rule, origin: `${file}:${lineOf(offset)}` });
  }
  if (problems.length > 0) return { ok: false, problems };
  const set = compileRules(rules);
  const tooComplex = complexityProblem(set);
  if (tooComplex !== undefined) {
    report(undefined, tooComplex);
    return { ok: false, problems };
  }
  return { ok: true, rules, set };
}

/** The item as data. An alias that cannot be resolved, or expands to too much, gives the error's sentence. */
function toData(item: Node, document: Document): unknown {
  try {
    return item.toJS(document, { maxAliasCount: 100 });
  } catch (error) {
    return (error as Error).message;
  }
}

/** The items of `rules`, which is the file's only member. */
function rulesNode(
  contents: unknown,
  report: (offset: number | undefined, reason: string) => void,
): readonly Node[] | undefined {
  if (!isMap(contents)) {
    report(undefined, 'the file must be a mapping with "rules" as its only member');
    return undefined;
  }
  let list: readonly Node[] | undefined;
  for (const { key, value } of contents.items as Pair<Node, Node | null>[]) {
    const name = isScalar(key) ? String(key.value) : '';
    if (name !== 'rules') report(key.range?.[0], `"${name}" is unknown; the only member is "rules"`);
    else if (isSeq(value)) list = value.items as Node[];
    else report(value?.range?.[0] ?? key.range?.[0], '"rules" must be a list');
  }
  if (list === undefined) report(contents.range?.[0], 'there is no list "rules"');
  return list;
}
