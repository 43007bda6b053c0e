import type { CompiledRule, FilledRule, Qos, Rule } from '../../model/topic-rules.ts';
import type { TopicSubject } from '../../model/topic-subject.ts';
import { isWildcard } from './matching.ts';
import { fillLevel, readLevel } from './placeholder.ts';
import { describeRule, problemOf } from './rule.ts';

/** A check's action and conditions besides the topic. `undefined`: the broker does not report it. */
export interface Circumstances {
  readonly action: 'publish' | 'subscribe';
  readonly qos?: Qos | undefined;
  /** Used only for a publish. */
  readonly retain?: boolean | undefined;
}

export const ALL_QOS_BITS = 0b111;

/**
 * Compiles a rule.
 * @param order rules with a smaller order decide first.
 * @throws {RangeError} with the sentence of `problemOf` if the rule cannot be used.
 */
export function compileRule(rule: Rule, order: number): CompiledRule {
  const problem = problemOf(rule);
  if (problem !== undefined) throw new RangeError(problem);
  const qosBits = (rule.qos ?? [0, 1, 2]).reduce<number>((bits, qos) => bits | (1 << qos), 0);
  const levels = rule.filter.split('/').map(readLevel);
  const [first] = levels;
  const compiled: CompiledRule = {
    rule,
    allow: rule.permission === 'allow',
    description: describeRule(rule),
    order,
    levels,
    firstWord: typeof first === 'string' && !isWildcard(first) ? first : undefined,
    qosBits,
    conditional: {
      publish: qosBits !== ALL_QOS_BITS || rule.retain !== undefined,
      subscribe: qosBits !== ALL_QOS_BITS,
    },
    literal: undefined,
  };
  const plain = levels.filter((level) => typeof level === 'string');
  return plain.length === levels.length ? withLiteral(compiled, plain) : compiled;
}

function withLiteral(compiled: CompiledRule, levels: readonly string[]): CompiledRule {
  const rule: CompiledRule & { literal: FilledRule | undefined } = { ...compiled };
  rule.literal = { source: rule, allow: rule.allow, levels, everything: false };
  return rule;
}

/**
 * Fills a rule's placeholders with the subject's values. Returns `undefined` if the rule does not apply to the
 * subject.
 *
 * An *allow* with an unusable value is dropped, so that it never becomes wider. A *deny* must not be dropped: a
 * later allow could then open what it closes, and a client could cause that by choosing its client id. The topics
 * that were meant are unknown (a value with `/` has more levels than the rule), so the deny closes everything below
 * its levels before the first unusable one, or everything if there is none before.
 */
export function fillRule(compiled: CompiledRule, subject: TopicSubject): FilledRule | undefined {
  if (compiled.literal !== undefined) return compiled.literal;
  const levels: string[] = [];
  for (const [at, level] of compiled.levels.entries()) {
    const filled = typeof level === 'string' ? level : fillLevel(level, subject, at === 0);
    if (filled === undefined) {
      if (compiled.allow) return undefined;
      return { source: compiled, allow: false, levels: [...levels, '#'], everything: at === 0 };
    }
    levels.push(filled);
  }
  return { source: compiled, allow: compiled.allow, levels, everything: false };
}

/** Whether the rule applies to this action. */
export function isFor(compiled: CompiledRule, action: 'publish' | 'subscribe'): boolean {
  return compiled.rule.action === 'all' || compiled.rule.action === action;
}

/**
 * Whether the rule's conditions are met. A condition that the broker does not report counts as met for a deny, and
 * as not met for an allow.
 */
export function applies(compiled: CompiledRule, asked: Circumstances): boolean {
  if (!isFor(compiled, asked.action)) return false;
  if (!compiled.conditional[asked.action]) return true;
  if (compiled.qosBits !== ALL_QOS_BITS) {
    if (asked.qos === undefined ? compiled.allow : (compiled.qosBits & (1 << asked.qos)) === 0) return false;
  }
  const { retain } = compiled.rule;
  if (asked.action === 'publish' && retain !== undefined) {
    if (asked.retain === undefined ? compiled.allow : asked.retain !== retain) return false;
  }
  return true;
}
