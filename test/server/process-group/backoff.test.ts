import assert from 'node:assert/strict';
import { test } from 'node:test';
import { afterDeath } from '../../../src/server/process-group/backoff.ts';

test('a worker that dies is replaced at once, one that keeps dying ever later, up to half a minute', () => {
  const pauses: number[] = [];
  let deaths = 0;
  for (let death = 0; death < 12; death++) {
    const next = afterDeath(deaths, 500);
    deaths = next.deaths;
    pauses.push(next.pauseMs);
  }
  assert.deepEqual(pauses.slice(0, 5), [100, 200, 400, 800, 1_600]);
  assert.deepEqual(pauses.slice(-3), [30_000, 30_000, 30_000]);
});

test('a worker that lived for a minute has a new record', () => {
  assert.deepEqual(afterDeath(9, 60_000), { deaths: 1, pauseMs: 100 });
  assert.deepEqual(afterDeath(9, 59_999), { deaths: 10, pauseMs: 30_000 });
});
