import { range, sameCharacter } from './java-regex-class.ts';
import type { PatternCursor } from './java-regex-cursor.ts';
import type { RegexFlags, RegexNode } from './java-regex-node.ts';

/** `\Q…\E`, or to the end: characters that mean themselves. */
export function readQuotation(cursor: PatternCursor, flags: RegexFlags): RegexNode[] {
  const start = cursor.at + 1;
  const found = cursor.pattern.indexOf('\\E', start);
  const end = found === -1 ? cursor.pattern.length : found;
  cursor.at = found === -1 ? end : end + 2;
  return [...cursor.pattern.slice(start, end)].map((character): RegexNode => {
    const point = character.codePointAt(0) as number;
    return { kind: 'character', test: range(point, point, flags) };
  });
}

/** `\1`: further digits belong to the number as long as there are so many groups. One to a later group matches nothing. */
export function readNumberedReference(cursor: PatternCursor, groups: number, flags: RegexFlags): RegexNode {
  let index = Number(cursor.next);
  cursor.at++;
  for (;;) {
    const longer = index * 10 + Number(cursor.next ?? Number.NaN);
    if (!(longer <= groups)) break;
    index = longer;
    cursor.at++;
  }
  return { kind: 'reference', index, same: sameCharacter(flags) };
}

const NAMED = /k<([A-Za-z][A-Za-z0-9]*)>/y;

/** `\k<name>`. */
export function readNamedReference(
  cursor: PatternCursor,
  names: ReadonlyMap<string, number>,
  flags: RegexFlags,
): RegexNode {
  const index = names.get(cursor.match(NAMED)?.[1] ?? '');
  if (index === undefined) return cursor.fail('a reference to a group that is not there');
  return { kind: 'reference', index, same: sameCharacter(flags) };
}
