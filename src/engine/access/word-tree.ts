import type { FilledRule, WordTree } from '../../model/topic-rules.ts';
import { applies, type Circumstances } from './compile.ts';
import { isReserved } from './matching.ts';

/**
 * Builds a tree of rules without placeholders.
 * @param rules in the order in which they decide.
 */
export function buildTree(rules: readonly FilledRule[]): WordTree {
  const root = emptyTree();
  for (const rule of rules) insert(root, rule);
  return root;
}

function emptyTree(): WordTree {
  return { words: new Map(), plus: undefined, ends: [], tails: [], first: Number.POSITIVE_INFINITY };
}

function insert(root: WordTree, rule: FilledRule): void {
  let node = root;
  node.first = Math.min(node.first, rule.source.order);
  for (const level of rule.levels) {
    if (level === '#') {
      node.tails.push(rule);
      return;
    }
    node = level === '+' ? plusOf(node) : wordOf(node, level);
    node.first = Math.min(node.first, rule.source.order);
  }
  node.ends.push(rule);
}

function plusOf(node: WordTree): WordTree {
  node.plus ??= emptyTree();
  return node.plus;
}

function wordOf(node: WordTree, word: string): WordTree {
  let child = node.words.get(word);
  if (child === undefined) {
    child = emptyTree();
    node.words.set(word, child);
  }
  return child;
}

/** The first rule that applies and matches the topic among those before `best`; otherwise `best`. */
export function firstInTree(
  tree: WordTree,
  topic: readonly string[],
  asked: Circumstances,
  best: FilledRule | undefined,
): FilledRule | undefined {
  return search(tree, topic, 0, asked, best);
}

function search(
  node: WordTree,
  topic: readonly string[],
  at: number,
  asked: Circumstances,
  found: FilledRule | undefined,
): FilledRule | undefined {
  let best = found;
  if (best !== undefined && best.source.order < node.first) return best;
  // [MQTT-4.7.2-1]: no wildcard matches the first level of a `$` topic.
  const wildcards = at > 0 || !isReserved(topic[0]);
  if (wildcards) best = firstApplying(node.tails, asked, best);
  if (at === topic.length) return firstApplying(node.ends, asked, best);
  const child = node.words.get(topic[at] as string);
  if (child !== undefined) best = search(child, topic, at + 1, asked, best);
  if (wildcards && node.plus !== undefined) best = search(node.plus, topic, at + 1, asked, best);
  return best;
}

function firstApplying(
  rules: readonly FilledRule[],
  asked: Circumstances,
  best: FilledRule | undefined,
): FilledRule | undefined {
  for (const rule of rules) {
    if (best !== undefined && best.source.order < rule.source.order) return best;
    if (applies(rule.source, asked)) return rule;
  }
  return best;
}
