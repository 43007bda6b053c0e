import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createProgress } from '../../../src/commands/shared/progress.ts';

test('without a terminal, the progress is printed every five seconds', () => {
  let now = 0;
  const [told, lines]: [string[], string[]] = [[], []];
  const progress = createProgress(
    { write: (text) => told.push(text) },
    (line) => lines.push(line),
    () => now,
  );
  for (; now <= 12_000; now += 1_000) progress.update(`${now} records`, now / 20_000);
  progress.line('line 7: refused');
  progress.update('more records');
  progress.end();
  assert.deepEqual(told, ['25 % 5000 records\n', '50 % 10000 records\n']);
  assert.deepEqual(lines, ['line 7: refused']);
});
