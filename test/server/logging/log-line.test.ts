import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createErrorLog } from '../../../src/server/logging/error-log.ts';
import { createLog } from '../../../src/server/logging/log.ts';
import { LONGEST_LINE_BYTES } from '../../../src/server/logging/log-line.ts';

function logged(write: (log: ReturnType<typeof createLog>) => void) {
  const lines: string[] = [];
  write(createLog('info', { write: (line: string) => void lines.push(line) }).child({ worker: 2 }));
  const [line = ''] = lines;
  assert.deepEqual([lines.length, line.at(-1)], [1, '\n']);
  assert.ok(Buffer.byteLength(line) <= LONGEST_LINE_BYTES, `${Buffer.byteLength(line)} bytes`);
  return JSON.parse(line) as Record<string, unknown> & { err: Record<string, unknown> };
}

test('a line that fits is written as it is', () => {
  const why = 'ä'.repeat(1_900);
  const line = logged((log) => log.info({ why }, 'a list cannot be read'));
  assert.deepEqual([line.why, line.shortened], [why, undefined]);
});

test('an error whose text and stack are long is cut, and told apart still', () => {
  const error = Object.assign(
    new Error(`no such table\n${'€'.repeat(50_000)}`, { cause: new Error('x'.repeat(9_000)) }),
    {
      code: 'P2010',
    },
  );
  const line = logged((log) => createErrorLog(log, 'a decision could not be made')(error));
  assert.match(String(line.err.message), /^no such table\n€{50}/);
  assert.match(String(line.err.stack), /^Error: no such table/);
  assert.deepEqual(
    [line.msg, line.level, line.worker, line.err.code, line.shortened],
    ['a decision could not be made', 'error', 2, 'P2010', true],
  );
});

test('long lists are cut and say how much is missing', () => {
  const problems = Array.from({ length: 900 }, (_, index) => `line ${index}: what is this`);
  const line = logged((log) => log.error({ problems }, 'the rules file cannot be used'));
  const shown = line.problems as string[];
  assert.equal(shown[0], problems[0]);
  assert.match(shown.at(-1) ?? '', /^… \d+ more$/);
  assert.equal(line.msg, 'the rules file cannot be used');
});

test('where even that is too much, the sentence is left', () => {
  const members = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`member-${index}`, index]));
  const line = logged((log) => log.warn(members, 'much was said'));
  assert.deepEqual(
    [line.msg, line.worker, line['member-1'], line.shortened],
    ['much was said', 2, undefined, true],
  );
});

test('of a database’s error nothing is written that repeats its rows', () => {
  const error = Object.assign(new Error('duplicate key'), {
    code: '23505',
    detail: 'Key (credentials_id)=(token-that-must-not-show) already exists.',
    meta: { target: 'token-that-must-not-show' },
  });
  assert.ok(
    !JSON.stringify(logged((log) => log.error({ err: error }, 'it failed'))).includes('must-not-show'),
  );
});

test('of several errors at once each has its sentence', () => {
  const error = new AggregateError([
    new Error('connect ECONNREFUSED ::1:5432'),
    new Error('connect ECONNREFUSED 127.0.0.1:5432'),
  ]);
  const line = logged((log) => log.error({ err: error }, 'it failed'));
  assert.deepEqual(line.err.errors, ['connect ECONNREFUSED ::1:5432', 'connect ECONNREFUSED 127.0.0.1:5432']);
});
