import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Step } from '../../../../src/model/decision.ts';
import { KeptSteps, STEPS_UNITS, StepTexts } from '../../../../src/server/logging/decisions/kept-steps.ts';

const KNOWN: readonly Step[] = [
  { step: 'by_user_name', detail: 'an access token' },
  { step: 'publish', detail: 'allowed by ThingsBoard’s topics' },
];

/** Two places in one memory, so that one could write into the other. */
function places(texts = new StepTexts()): [KeptSteps, KeptSteps] {
  const memory = new Uint16Array(2 * STEPS_UNITS);
  return [new KeptSteps(memory, 0, texts), new KeptSteps(memory, STEPS_UNITS, texts)];
}

test('steps are shown as they were, whatever was kept there before', () => {
  const [one, other] = places();
  one.keep(KNOWN);
  other.keep([...KNOWN].reverse());
  assert.deepEqual(one.steps, KNOWN);
  assert.deepEqual(other.steps, [...KNOWN].reverse());
  one.keep([]);
  assert.deepEqual(one.steps, []);
  assert.deepEqual(other.steps, [...KNOWN].reverse());
});

test('of many steps the first are kept', () => {
  const [one, other] = places();
  const many = Array.from({ length: 100 }, (_, at) => ({ step: 'a_step', detail: `number ${at}` }));
  other.keep(KNOWN);
  one.keep(many);
  assert.deepEqual(one.steps, many.slice(0, 16));
  assert.deepEqual(other.steps, KNOWN);
});

test('texts that are too long, not well-formed or too many have no number, and are shown all the same', () => {
  const texts = new StepTexts();
  const [one] = places(texts);
  for (const detail of ['x'.repeat(10_000), 'half a pair: \ud800']) {
    one.keep([{ step: 's', detail }]);
    assert.deepEqual(one.steps, [{ step: 's', detail }]);
    assert.equal(texts.numberOf(detail), undefined);
  }
  for (let at = 0; at < 10_000; at++) {
    const steps = [{ step: 's', detail: `said ${at}` }];
    one.keep(steps);
    assert.deepEqual(one.steps, steps);
  }
  assert.equal(texts.numberOf('never said'), undefined);
  one.keep([{ step: 's', detail: 'said 1' }]);
  assert.deepEqual(one.steps, [{ step: 's', detail: 'said 1' }]);
});
