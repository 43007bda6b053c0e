import type { EmqxRule } from '../../engine/access/emqx-list.ts';

/** An access as EMQX asks about it. */
export interface EmqxAccess {
  readonly action: 'publish' | 'subscribe';
  readonly topic: string;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
}

/**
 * What EMQX makes of an `acl` list (`brokers/emqx.md` section 4): rules in order, the first that matches decides; a
 * SUBSCRIBE's filter is matched as if it were a topic. `next` is the next source, the authorizer.
 */
export function emqxDecides(list: readonly EmqxRule[], asked: EmqxAccess): 'allow' | 'deny' | 'next' {
  for (const rule of list) {
    if (rule.action !== 'all' && rule.action !== asked.action) continue;
    if (rule.qos !== undefined && !rule.qos.includes(asked.qos)) continue;
    if (asked.action === 'publish' && rule.retain !== undefined && rule.retain !== asked.retain) continue;
    if (rule.topics.some((text) => emqxMatches(text, asked.topic))) return rule.permission;
  }
  return 'next';
}

function emqxMatches(text: string, topic: string): boolean {
  if (text.startsWith('eq ')) return text.slice(3) === topic;
  if (topic.startsWith('$') && (text.startsWith('+') || text.startsWith('#'))) return false;
  return wordsMatch(topic.split('/'), text.split('/'));
}

/** Words against words; `+` and `#` in the requested filter are words like others. */
function wordsMatch(words: readonly string[], rule: readonly string[]): boolean {
  const [word, ...moreWords] = words;
  const [level, ...moreLevels] = rule;
  if (level === '#' && moreLevels.length === 0) return true;
  if (word === undefined || level === undefined) return word === level;
  return (level === '+' || level === word) && wordsMatch(moreWords, moreLevels);
}
