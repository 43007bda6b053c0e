import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { documents } from './documents.ts';
import type { Block } from './markdown.ts';
import { markOf } from './marks.ts';
import { runInTerminal } from './terminal.ts';

/*
 * Every shell block of every document is run, in one terminal a document. A block of another language right behind it is
 * what it prints, compared without white space; … stands for anything.
 */

describe('shell blocks', { concurrency: 2 }, () => {
  for (const { path, blocks } of documents()) {
    const shell = blocks.filter(({ language }) => language === 'sh');
    if (shell.length === 0) continue;
    test(path, async (t) => {
      const isRun = (block: Block): boolean => {
        const mark = markOf(block);
        if (mark?.kind !== 'not run') return true;
        t.diagnostic(`${path}:${block.line} is not run: ${mark.reason}`);
        return false;
      };
      const run = shell.filter(isRun);
      if (run.length === 0) return;
      const { printed, code } = await runInTerminal(run);
      const [last, detail] = [...printed].at(-1) ?? [];
      assert.equal(code, 0, `${path}:${last} does not work:\n${detail}`);
      const others = run.flatMap(({ line, next }) => {
        const actual = printed.get(line) as string;
        if (next === undefined || next.language === 'sh' || isLike(actual, next.text)) return [];
        return `${path}:${line} prints something else:\n${actual}`;
      });
      assert.deepEqual(others, []);
    });
  }
});

function isLike(actual: string, expected: string): boolean {
  const parts = expected.split('…').map((part) => part.replace(/\s/g, ''));
  const pattern = parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('.*');
  return new RegExp(`^${pattern}$`, 's').test(actual.replace(/\s/g, ''));
}

test('a mark is one that is known, and says why', () => {
  const block = { language: 'sh', text: '', line: 1, next: undefined };
  assert.deepEqual(markOf({ ...block, mark: 'not run: it needs a cluster' }), {
    kind: 'not run',
    reason: 'it needs a cluster',
  });
  assert.throws(() => markOf({ ...block, mark: 'not run: ' }), /no reason/);
  assert.throws(() => markOf({ ...block, mark: 'slow' }), /not known/);
});
