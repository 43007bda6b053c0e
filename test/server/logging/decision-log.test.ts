import assert from 'node:assert/strict';
import { readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { deny, unavailable } from '../../../src/model/decision.ts';
import { NO_CERTIFICATE } from '../../../src/model/peer-certificate.ts';
import type { TopicAccess } from '../../../src/model/question.ts';
import { createDecisionLog, type DecisionLogOptions } from '../../../src/server/logging/decision-log.ts';
import { AppendFile } from '../../../src/server/logging/decisions/append-file.ts';
import { createLog } from '../../../src/server/logging/log.ts';
import { ALLOW } from '../../support/decisions.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

// biome-ignore lint/suspicious/noExplicitAny: lines of any kind
type Line = Record<string, any>;

function logging(options: DecisionLogOptions = {}, level = 'info') {
  const lines: string[] = [];
  const log = createLog(level, { write: (line: string) => void lines.push(line) });
  const decisions = createDecisionLog(log, options);
  const parsed = (): Line[] => lines.map((line) => JSON.parse(line));
  return { decisions, lines, parsed };
}

type Log = ReturnType<typeof createDecisionLog>;

function connect(log: Log, decision: Parameters<Log['record']>[2], clientId = 'c'): void {
  const attempt = { broker: 'emqx', clientId, username: 'token', certificate: NO_CERTIFICATE } as const;
  log.record('emqx', 'connect', decision, { kind: 'connect', attempt }, 1);
}

test('refusals are written one by one up to the rate, then summed by reason at the end of the window', (context) => {
  context.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_000_000 });
  const { decisions, parsed } = logging({ refusalsPerSecond: 3, windowMs: 10_000 });
  for (let count = 0; count < 8; count++) connect(decisions, deny('credentials_unknown'), `c${count}`);
  for (let count = 0; count < 5; count++) connect(decisions, deny('password_mismatch'));
  connect(decisions, unavailable('overloaded'));
  assert.deepEqual(
    parsed().map(({ clientId, reason }) => `${clientId} ${reason}`),
    [...['c0 credentials_unknown', 'c1 credentials_unknown', 'c2 credentials_unknown']],
  );
  // The next second has its own.
  context.mock.timers.tick(1_000);
  connect(decisions, deny('denied_by_list'));
  assert.equal(parsed().at(-1)?.reason, 'denied_by_list');
  context.mock.timers.tick(8_999);
  assert.equal(parsed().length, 4);
  context.mock.timers.tick(1);
  const sum = parsed().at(-1);
  assert.equal(sum?.refusals, 11);
  assert.deepEqual(sum?.sums, [
    { broker: 'emqx', endpoint: 'connect', reason: 'credentials_unknown', count: 5 },
    { broker: 'emqx', endpoint: 'connect', reason: 'password_mismatch', count: 5 },
    { broker: 'emqx', endpoint: 'connect', reason: 'overloaded', count: 1 },
  ]);
  context.mock.timers.tick(60_000);
  assert.equal(parsed().length, 5, 'there was nothing more to sum up');
});

test('what was summed up is written when the server stops', () => {
  const { decisions, parsed } = logging({ refusalsPerSecond: 0, windowMs: 3_600_000 });
  connect(decisions, deny('credentials_unknown'));
  assert.equal(parsed().length, 0);
  decisions.close();
  assert.deepEqual(
    parsed().map(({ refusals }) => refusals),
    [1],
  );
});

test('of allows a sample is written, and none without one', () => {
  const none = logging();
  for (let count = 0; count < 1_000; count++) connect(none.decisions, ALLOW);
  assert.deepEqual(none.lines, []);
  const all = logging({ allowsOneIn: 1 });
  for (let count = 0; count < 100; count++) connect(all.decisions, ALLOW);
  assert.equal(all.lines.length, 100);
  assert.equal(all.parsed()[0]?.oneIn, undefined);
  let drawn = 0;
  const some = logging({ allowsOneIn: 10, random: () => (drawn++ % 100) / 100 });
  for (let count = 0; count < 1_000; count++) connect(some.decisions, ALLOW);
  assert.equal(some.lines.length, 100);
  assert.deepEqual([some.parsed()[0]?.oneIn, some.parsed()[0]?.msg], [10, 'allowed']);
  assert.ok(!some.lines.join('').includes('token'));
});

test('a grant of some filters only is a refusal too', () => {
  const { decisions, parsed } = logging({ refusalsPerSecond: 1 });
  for (let count = 0; count < 3; count++) connect(decisions, { ...ALLOW, granted: [true, false] });
  decisions.close();
  const [one, sum] = parsed();
  assert.equal(one?.msg, 'some of the filters are refused');
  assert.deepEqual(sum?.sums, [{ broker: 'emqx', endpoint: 'connect', reason: 'filters_refused', count: 2 }]);
});

test('no line is longer than 4 KiB, torn, or has anything in it that could play with a terminal', () => {
  const unit = fc.oneof(
    fc.constantFrom(
      '\0',
      '\n',
      '\r',
      '\x1b',
      '\x7f',
      '\u009b',
      '\u2028',
      '\u202e',
      '\ud800',
      '"',
      '\\',
      '😀',
      '界',
    ),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  );
  const text = fc
    .tuple(fc.string({ unit, maxLength: 30 }), fc.constantFrom(1, 10, 3_000))
    .map(([one, times]) => one.repeat(times).slice(0, 65_535));
  fc.assert(
    fc.property(
      fc.array(text, { minLength: 1, maxLength: 40 }),
      text,
      text,
      fc.array(text, { maxLength: 30 }),
      (topics, clientId, peerAddress, detail) => {
        const { decisions, lines } = logging({ allowsOneIn: 1, refusalsPerSecond: 100 });
        const client = {
          broker: 'emqx',
          clientId,
          peerAddress,
          listener: peerAddress,
          certificate: NO_CERTIFICATE,
        } as const;
        const accesses = topics.map((topic): TopicAccess => ({ ...client, action: 'publish', topic }));
        const refusal = deny(
          'topic_not_allowed',
          detail.map((one) => ({ step: 'a_step', detail: one })),
        );
        for (const decision of [refusal, ALLOW]) {
          decisions.record('emqx', 'topic', decision, { kind: 'topic', accesses }, 1);
          decisions.record('emqx', 'connect', decision, { kind: 'connect', attempt: client }, 2);
        }
        assert.equal(lines.length, 4);
        for (const line of lines) {
          assert.ok(Buffer.byteLength(line) <= 4_096, `${Buffer.byteLength(line)}`);
          assert.match(line, /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]*\n$/u);
          assert.equal(JSON.parse(line).shortened, undefined, 'it fits without being cut once more');
        }
      },
    ),
    { numRuns: 60 },
  );
});

test('a file is appended to, opened anew where it was renamed, and never written after its end', () => {
  const path = join(temporaryFolder(), 'decisions.log');
  const errors: unknown[] = [];
  const file = new AppendFile(path, (error) => errors.push(error));
  file.write('one\n');
  renameSync(path, `${path}.1`);
  file.write('two\n');
  file.reopen();
  file.write('three\n');
  renameSync(path, join(path, '..', 'elsewhere'));
  file.close();
  file.write('four\n');
  file.reopen();
  assert.equal(readFileSync(`${path}.1`, 'utf8'), 'one\ntwo\n');
  assert.equal(readFileSync(join(path, '..', 'elsewhere'), 'utf8'), 'three\n');
  assert.equal(errors.length, 1);
  assert.throws(() => new AppendFile(join(path, 'no', 'folder'), () => undefined), { code: 'ENOENT' });
});
