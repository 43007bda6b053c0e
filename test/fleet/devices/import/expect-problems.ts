import assert from 'node:assert/strict';
import type { ImportItem } from '../../../../src/fleet/devices/import/import-item.ts';
import { problems } from './support.ts';

/** Asserts that exactly these lines are reported, each with a sentence that matches, and no secret in any. */
export function expectProblems(
  items: readonly ImportItem[],
  expected: Readonly<Record<number, RegExp>>,
): void {
  const found = problems(items);
  assert.deepEqual(
    found.map(([line]) => line),
    Object.keys(expected).map(Number),
    JSON.stringify(found),
  );
  for (const [line, error] of found) {
    assert.match(error, expected[line] as RegExp, `line ${line}`);
    assert.doesNotMatch(error, /hunter2|correct horse|open quote/);
  }
}
