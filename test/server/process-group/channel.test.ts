import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Channel, type Handlers } from '../../../src/server/process-group/channel.ts';

/** Two ends of one pipe that carries what can be cloned, when it is told to. */
function pair(handlers: Handlers = new Map()) {
  const queue: (() => void)[] = [];
  let flowing = true;
  const flow = (): void => {
    if (flowing) for (const deliver of queue.splice(0)) deliver();
  };
  const sender = (target: () => Channel) => (message: unknown, sent: () => void) => {
    const cloned = structuredClone(message);
    queue.push(() => {
      sent();
      target().receive(cloned);
    });
    setImmediate(flow);
  };
  const one: Channel = new Channel(
    sender(() => other),
    new Map(),
  );
  const other: Channel = new Channel(
    sender(() => one),
    handlers,
  );
  return {
    one,
    other,
    hold() {
      flowing = false;
    },
    release() {
      flowing = true;
      flow();
    },
  };
}

const unavailable = (why: 'silent' | 'busy' | 'gone') => ({ code: 'peer_unavailable', data: { why } });

test('a question gets its answer, as the data it was', async () => {
  const { one } = pair(new Map([['double', (values: Map<string, Uint8Array>) => values.get('a')]]));
  const asked = new Map([['a', new Uint8Array([1, 2])]]);
  assert.deepEqual(await one.ask('double', asked), new Uint8Array([1, 2]));
});

test('answers may come in another order than the questions', async () => {
  const pending: ((value: string) => void)[] = [];
  const { one } = pair(
    new Map([['wait', () => new Promise<string>((resolve) => void pending.push(resolve))]]),
  );
  const first = one.ask('wait', undefined);
  const second = one.ask('wait', undefined);
  while (pending.length < 2) await new Promise(setImmediate);
  pending[1]?.('second');
  pending[0]?.('first');
  assert.deepEqual(await Promise.all([first, second]), ['first', 'second']);
});

test('what fails there, and what nobody answers, fails here', async () => {
  const handlers: Handlers = new Map([
    [
      'fail',
      () => {
        throw new Error('no such device');
      },
    ],
  ]);
  const { one } = pair(handlers);
  await assert.rejects(one.ask('fail', undefined), { code: 'peer_failed', message: 'no such device' });
  await assert.rejects(one.ask('unheard', undefined), { code: 'peer_failed' });
});

test('silence is not waited for, and what comes too late is dropped', async () => {
  const { one, hold, release } = pair(new Map([['echo', (value: number) => value]]));
  hold();
  await assert.rejects(one.ask('echo', 1, 10), unavailable('silent'));
  release();
  assert.equal(await one.ask('echo', 2), 2);
});

test('questions over the bound are refused at once, and the place is free again afterwards', async () => {
  const { one, hold, release } = pair(new Map([['echo', (value: number) => value]]));
  hold();
  const asked = Array.from({ length: 1_000 }, (_, index) => one.ask<number>('echo', index));
  await assert.rejects(one.ask('echo', 1_000), unavailable('busy'));
  release();
  assert.equal((await Promise.all(asked)).length, 1_000);
  assert.equal(await one.ask('echo', 7), 7);
});

test('messages for a side that does not read are dropped, not kept', async () => {
  const heard: number[] = [];
  const { one, hold, release } = pair(new Map([['note', (value: number) => void heard.push(value)]]));
  hold();
  const taken = Array.from({ length: 1_500 }, (_, index) => one.tell('note', index)).filter(Boolean);
  assert.equal(taken.length, 1_000);
  release();
  assert.equal(heard.length, 1_000);
  assert.equal(one.tell('note', 1), true);
});

test('nobody waits for a side that is gone', async () => {
  const { one, hold } = pair();
  hold();
  const asked = one.ask('anything', undefined);
  one.end();
  await assert.rejects(asked, unavailable('gone'));
  await assert.rejects(one.ask('anything', undefined), unavailable('gone'));
  assert.equal(one.tell('note', 1), false);
});
