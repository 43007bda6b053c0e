import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createLog } from '../../../src/server/logging/log.ts';
import { type Gathered, singleProcess } from '../../../src/server/process-group/group.ts';
import { Primary } from '../../../src/server/process-group/primary.ts';
import { eventually } from '../../storage/support/eventually.ts';
import { freePort } from '../../support/postgresql.ts';
import type { Count } from './support/counting-worker.ts';

/* The crew alone, with real processes: this one is the primary. */

const logged: Record<string, unknown>[] = [];
const log = createLog('info', { write: (line: string) => void logged.push(JSON.parse(line)) });
const script = fileURLToPath(new URL('./support/counting-worker.ts', import.meta.url));
let primary: Primary;
let total = 0;
const failures = new Map<string, number>();

before(async () => {
  primary = new Primary(2, { PORT: String(await freePort()) }, log, {
    script,
    signEveryMs: 200,
    // A busy machine keeps a healthy one from it for some hundred milliseconds.
    signWithinMs: 2_000,
  });
  const count: Count = {
    async add(amount) {
      total += amount;
      return total;
    },
  };
  primary.inPrimary<Count>('count', count, { add: true });
  primary.handle('failed login', (address: string) => {
    const failed = (failures.get(address) ?? 0) + 1;
    failures.set(address, failed);
    if (failed === 3) primary.broadcast('blocked', address);
  });
  await primary.start();
});
after(() => primary.stop());

const answers = <Answer>({ answers }: Gathered<Answer>): Answer[] => answers.map(({ answer }) => answer);

test('a port in the primary is asked from every worker', async () => {
  const sums = answers(await primary.gather<number>('add', 5)).sort((one, other) => one - other);
  assert.deepEqual(sums, [5, 10]);
});

test('every worker is asked, whoever gathers, and what it answers has its number', async () => {
  const gathered = await primary.gather<Gathered<string[]>>('gather', 'which are blocked');
  assert.deepEqual(
    answers(gathered),
    Array.from({ length: 2 }, () => ({
      answers: [
        { worker: 1, answer: [] },
        { worker: 2, answer: [] },
      ],
      silent: [],
    })),
  );
});

test('what workers tell of is counted once, and all hear what follows', async () => {
  primary.broadcast('failed login', '192.0.2.1');
  primary.broadcast('failed login', '192.0.2.1');
  await eventually(async () => {
    const blocked = await primary.gather<string[]>('which are blocked', undefined);
    assert.deepEqual(answers(blocked), [['192.0.2.1'], ['192.0.2.1']]);
  });
  assert.equal(failures.get('192.0.2.1'), 4);
});

test('a worker that is busy for too long is told of, not waited for', async () => {
  const { answers: some, silent } = await primary.gather('never', undefined, 200);
  assert.deepEqual([some, silent], [[], [1, 2]]);
});

test('a worker whose primary does not answer says so, and does not wait for it', async () => {
  primary.handle('troubles', () => new Promise(() => undefined));
  const asked = await primary.gather<string[]>('what is wrong', undefined, 5_000);
  assert.deepEqual(answers(asked), [['primary_silent'], ['primary_silent']]);
  primary.handle('troubles', () => primary.problems());
  assert.deepEqual(answers(await primary.gather<string[]>('what is wrong', undefined)), [[], []]);
});

test('workers that die are replaced, and meanwhile readiness says that they are missing', async () => {
  assert.deepEqual(await primary.problems(), []);
  const { silent } = await primary.gather('die', undefined);
  assert.deepEqual(silent, [1, 2]);
  assert.deepEqual(await primary.problems(), ['workers_missing']);
  await eventually(async () => assert.deepEqual(await primary.problems(), []), 10_000);
  assert.equal((await primary.gather('which are blocked', undefined)).answers.length, 2);
  const ended = logged.filter(({ msg }) => msg === 'a worker ended and will be replaced');
  assert.deepEqual(
    ended.map(({ code, deaths, replacedInMs }) => [code, deaths, replacedInMs]),
    [
      [3, 1, 100],
      [3, 1, 100],
    ],
  );
});

test('a worker that is caught in a loop is ended and replaced', async () => {
  primary.broadcast('loop', undefined);
  await eventually(async () => assert.deepEqual(await primary.problems(), ['workers_missing']), 5_000);
  await eventually(async () => assert.deepEqual(await primary.problems(), []), 10_000);
  const ended = logged.filter(({ msg }) => msg === 'a worker is silent and is ended');
  assert.deepEqual(ended.map(({ worker }) => worker).sort(), [1, 2]);
  const last = logged.findLast(({ msg }) => msg === 'a worker ended and will be replaced');
  assert.deepEqual([last?.signal, last?.deaths, last?.replacedInMs], ['SIGKILL', 2, 200]);
});

test('a crew of one process is its own primary and its own worker', async () => {
  const processes = singleProcess();
  processes.handle('double', (value: number) => value * 2);
  assert.equal(await processes.askPrimary('double', 2), 4);
  assert.deepEqual(await processes.gather('double', 3), { answers: [{ worker: 1, answer: 6 }], silent: [] });
  await assert.rejects(processes.askPrimary('unheard', undefined));
});
