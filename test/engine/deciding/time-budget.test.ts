import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeciderSettings } from '../../../src/engine/deciding/decider.ts';
import { withinBudget } from '../../../src/engine/deciding/time-budget.ts';
import { type Decision, deny, unavailable } from '../../../src/model/decision.ts';
import type { MaybePromise } from '../../../src/model/maybe-promise.ts';
import { fakeClock } from '../../support/fake-clock.ts';

const SETTINGS = {} as DeciderSettings;
const DENIED = deny('credentials_unknown');
const QUESTION = { kind: 'settled', decision: DENIED } as const;
const TIMED_OUT = unavailable('timed_out');

function after(ms: number): Promise<Decision> {
  return new Promise((resolve) => setTimeout(() => resolve(DENIED), ms));
}

test('what is decided in time is the answer, anything later is "cannot decide"', async (context) => {
  const clock = fakeClock(context);
  const times = [0, 250, 10, Number.NaN, 300, 99, 101];
  let asked = 0;
  const decider = withinBudget(
    {
      decide: () => {
        const ms = times[asked++] as number;
        return Number.isNaN(ms) ? new Promise(() => undefined) : after(ms);
      },
    },
    100,
  );
  const answers = Promise.all(times.map(() => decider.decide(QUESTION, SETTINGS)));
  await clock.pass(100);
  assert.deepEqual(await answers, [DENIED, TIMED_OUT, DENIED, TIMED_OUT, TIMED_OUT, DENIED, TIMED_OUT]);
});

test('each question has the whole budget, whenever it is asked', async (context) => {
  const clock = fakeClock(context);
  const decider = withinBudget({ decide: () => after(99) }, 100);
  const answers: MaybePromise<Decision>[] = [];
  for (let index = 0; index < 5; index++) {
    answers.push(decider.decide(QUESTION, SETTINGS));
    await clock.pass(30);
  }
  await clock.pass(70);
  assert.deepEqual(await Promise.all(answers), Array(5).fill(DENIED));

  const slow = withinBudget({ decide: () => new Promise(() => undefined) }, 50);
  for (const time of ['first', 'again, though no timer runs any more']) {
    const answer = slow.decide(QUESTION, SETTINGS);
    await clock.pass(50);
    assert.deepEqual(await answer, TIMED_OUT, time);
  }
});
