import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { parseJsonObject } from '../../../src/brokers/json-object.ts';
import type { CredentialsRecord } from '../../../src/engine/credentials/credentials-record.ts';
import { ThingPassError } from '../../../src/model/errors.ts';
import { type CacheOptions, CredentialsCache } from '../../../src/storage/cache/credentials-cache.ts';
import { tokenRecord } from '../support/records.ts';

/** A cache over a table in memory whose answers, failures and clock are the test's. */
class World {
  readonly table = new Map<string, CredentialsRecord>();
  readonly asked: string[][] = [];
  now = 1_000;
  failure: Error | undefined;
  /** An id whose row cannot be read. */
  poison: string | undefined;
  /** Answers wait for this when set. */
  hold: Promise<void> | undefined;
  readonly cache: CredentialsCache;

  constructor(options: Partial<CacheOptions> = {}) {
    const store = {
      findByCredentialsIds: async (ids: readonly string[]) => {
        this.asked.push([...ids]);
        if (this.poison !== undefined && ids.includes(this.poison))
          throw new ThingPassError('row_unreadable', 'poisoned');
        // What is read is what is there when the query begins.
        const found = new Map(
          ids.flatMap((id) => (this.table.has(id) ? [[id, this.table.get(id) as CredentialsRecord]] : [])),
        );
        const { failure } = this;
        await this.hold;
        if (failure !== undefined) throw failure;
        return found;
      },
    };
    this.cache = new CredentialsCache(store, {
      size: 100,
      missing: 20,
      believedMs: 10_000,
      maxFeedAgeMs: 900,
      staleWindowMs: 60_000,
      now: () => this.now,
      ...options,
    });
    this.cache.onChange([], this.now);
  }

  add(...ids: string[]): void {
    for (const id of ids) this.table.set(id, tokenRecord(id));
  }

  async ask(...ids: string[]): Promise<string[]> {
    return [...(await this.cache.findByCredentialsIds(ids)).keys()];
  }

  /** Time passes while news keep coming. */
  pass(ms: number): void {
    this.now += ms;
    this.cache.onChange([], this.now);
  }
}

test('what is known is said at once, misses too', async () => {
  const world = new World();
  world.add('token');
  assert.deepEqual(await world.ask('hash', 'token'), ['token']);
  const again = world.cache.findByCredentialsIds(['hash', 'token']);
  assert.ok(!(again instanceof Promise));
  assert.deepEqual([...again.keys()], ['token']);
  assert.equal(world.asked.length, 1);
});

test('all that is asked in one turn is one load, and who asks later waits for what is under way', async () => {
  const world = new World();
  world.add('token');
  let release = (): void => undefined;
  world.hold = new Promise((resolve) => {
    release = resolve;
  });
  const first = [world.ask('a', 'token'), world.ask('token'), world.ask('b', 'token')];
  await nextTurn();
  const later = world.ask('c', 'token');
  await nextTurn();
  release();
  assert.deepEqual(await Promise.all([...first, later]), [['token'], ['token'], ['token'], ['token']]);
  assert.deepEqual(world.asked, [['a', 'token', 'b'], ['c']]);
});

test('more than a query should hold goes into the next one', async () => {
  const world = new World();
  await Promise.all(Array.from({ length: 600 }, (_, index) => world.ask(`hash-${index}`, `token-${index}`)));
  assert.deepEqual(
    world.asked.map((ids) => ids.length),
    [512, 512, 176],
  );
});

test('one bad key does not refuse its neighbours', async () => {
  const world = new World();
  world.add('a', 'b');
  world.poison = 'poison';
  const asked = await Promise.allSettled(['a', 'poison', 'b'].map((id) => world.ask(id, 'shared')));
  assert.deepEqual(
    asked.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
  assert.equal(world.cache.state.answers, true);
  assert.deepEqual(await world.ask('b', 'a'), ['b', 'a']);
});

test('a database that cannot be asked is not asked again for each', async () => {
  const world = new World();
  world.failure = new Error('connection refused');
  const asked = await Promise.allSettled(['a', 'b', 'c'].map((id) => world.ask(id)));
  assert.ok(asked.every(({ status }) => status === 'rejected'));
  assert.equal(world.asked.length, 1);
});

test('what is kept of a question keeps nothing else of its request alive', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const world = new World({ size: 10_000, missing: 10_000 });
  const filling = 'x'.repeat(60_000);
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let index = 0; index < 1_000; index++) {
    const body = Buffer.from(JSON.stringify({ username: `stranger-number-${index}`, password: filling }));
    await world.ask(parseJsonObject(body).required('username'));
    // The test's own notes hold what came.
    world.asked.length = 0;
  }
  collect();
  const grown = process.memoryUsage().heapUsed - before;
  assert.ok(grown < 10_000_000, `${grown} bytes are kept of 60 MB`);
});

test('ever new names of strangers push out no device, nor the miss beside it', async () => {
  const world = new World();
  for (let index = 0; index < 40; index++) world.add(`token-${index}`);
  for (let index = 0; index < 40; index++) await world.ask(`hash-${index}`, `token-${index}`);
  for (let index = 0; index < 5_000; index++) await world.ask(`stranger-${index}`);
  world.asked.length = 0;
  for (let index = 0; index < 40; index++) await world.ask(`hash-${index}`, `token-${index}`);
  assert.equal(world.asked.length, 0);
});

test('a change is forgotten for its keys only', async () => {
  const world = new World();
  world.add('a', 'b');
  await world.ask('a');
  await world.ask('b');
  world.table.delete('a');
  assert.deepEqual(await world.ask('a'), ['a'], 'not heard yet');
  world.cache.onChange([{ kind: 'changed', ids: ['a'] }], world.now);
  assert.deepEqual(await world.ask('a'), []);
  assert.ok(!(world.cache.findByCredentialsIds(['b']) instanceof Promise));
});

test('a miss ends when the credentials are made', async () => {
  const world = new World();
  assert.deepEqual(await world.ask('new'), []);
  world.add('new');
  world.cache.onChange([{ kind: 'changed', ids: ['new'] }], world.now);
  assert.deepEqual(await world.ask('new'), ['new']);
  assert.deepEqual(await world.ask('newer'), []);
  world.add('newer');
  world.cache.onChange([{ kind: 'misses' }], world.now);
  assert.deepEqual(await world.ask('newer'), ['newer']);
});

test('a load that began before a change is thrown away, for those who wait for it too', async () => {
  const world = new World();
  world.add('token');
  let release = (): void => undefined;
  world.hold = new Promise((resolve) => {
    release = resolve;
  });
  const waiting = world.ask('token');
  await nextTurn();
  world.table.delete('token');
  world.hold = undefined;
  world.cache.onChange([{ kind: 'gone', ids: ['token'] }], world.now);
  release();
  assert.deepEqual(await waiting, []);
  assert.deepEqual(await world.ask('token'), []);
});

test('what a load brought before a change is not kept after it, also for who still waits for another load', async () => {
  const world = new World();
  world.add('token');
  const releases: (() => void)[] = [];
  const holdNext = (): void => {
    world.hold = new Promise((resolve) => releases.push(resolve));
  };
  holdNext();
  const first = world.ask('token');
  await nextTurn();
  holdNext();
  const second = world.ask('hash', 'token');
  await nextTurn();
  releases[0]?.();
  assert.deepEqual(await first, ['token']);
  world.table.delete('token');
  world.cache.onChange([{ kind: 'gone', ids: ['token'] }], world.now);
  world.hold = undefined;
  releases[1]?.();
  await second;
  assert.deepEqual(await world.ask('token'), [], 'revoked, and heard of');
});

test('a profile’s change concerns all its devices and nobody else', async () => {
  const world = new World();
  world.table.set('one', tokenRecord('one', 'changing'));
  world.add('other');
  await world.ask('one');
  await world.ask('other');
  world.cache.onChange([{ kind: 'profile', id: 'changing' }], world.now);
  assert.ok(world.cache.findByCredentialsIds(['one']) instanceof Promise);
  assert.ok(!(world.cache.findByCredentialsIds(['other']) instanceof Promise));
});

test('devices that are told of are forgotten, and so is what was missing', async () => {
  const world = new World();
  world.add('one', 'other');
  await world.ask('one');
  await world.ask('other');
  await world.ask('missing');
  world.cache.onChange([{ kind: 'devices', ids: ['device of one'] }], world.now);
  assert.ok(world.cache.findByCredentialsIds(['one']) instanceof Promise);
  assert.ok(!(world.cache.findByCredentialsIds(['other']) instanceof Promise));
  assert.ok(world.cache.findByCredentialsIds(['missing']) instanceof Promise);
});

test('without news every question is asked of the database', async () => {
  const world = new World();
  world.add('token');
  await world.ask('token');
  world.now += 901;
  world.table.delete('token');
  assert.deepEqual(await world.ask('token'), []);
  assert.deepEqual(await world.ask('token'), []);
  assert.equal(world.asked.length, 3);
  assert.equal(world.cache.state.news, false);
});

test('what was loaded expires, not all at once', async () => {
  const world = new World();
  const ids = Array.from({ length: 40 }, (_, index) => `token-${index}`);
  world.add(...ids);
  for (const id of ids) await world.ask(id);
  world.pass(7_900);
  const unexpired = (): number =>
    ids.filter((id) => !(world.cache.findByCredentialsIds([id]) instanceof Promise)).length;
  assert.equal(unexpired(), 40);
  world.now += 800;
  world.failure = new Error('keep what expires expired');
  world.cache.onChange([], world.now);
  const half = unexpired();
  assert.ok(half > 0 && half < 40, `${half}`);
});

test('while the database is gone: the known are known, the revoked revoked, others cannot be decided', async () => {
  const world = new World();
  world.add('known', 'revoked', 'changed');
  for (const id of ['known', 'revoked', 'changed']) await world.ask('hash', id);
  world.cache.onChange(
    [
      { kind: 'gone', ids: ['revoked'] },
      { kind: 'changed', ids: ['changed'] },
    ],
    world.now,
  );
  world.failure = new Error('gone');
  world.now += 30_000;
  assert.deepEqual(await world.ask('hash', 'known'), ['known']);
  assert.deepEqual(await world.ask('a hash never asked for', 'known'), ['known']);
  assert.deepEqual(await world.ask('hash', 'revoked'), [], 'a tombstone is an answer');
  await assert.rejects(world.ask('hash', 'changed'), /gone/);
  await assert.rejects(world.ask('unknown'), /gone/);
  await assert.rejects(
    world.ask('hash'),
    { code: 'known_absent' },
    'what was only absent may be there by now',
  );
  assert.equal(world.cache.state.answers, false);

  world.now += 31_000;
  await assert.rejects(world.ask('hash', 'known'), /gone/, 'the window is over');

  world.failure = undefined;
  world.now += 300;
  await world.ask('known');
  assert.deepEqual(await world.ask('unknown'), []);
  assert.deepEqual(await world.ask('changed'), ['changed']);
  assert.equal(world.cache.state.answers, true);
});

test('a gap in the news makes everything be asked again, and used while nobody answers', async () => {
  const world = new World();
  world.add('token');
  await world.ask('token');
  world.cache.onGap();
  assert.ok(world.cache.findByCredentialsIds(['token']) instanceof Promise);
  world.cache.onGap();
  world.failure = new Error('gone');
  assert.deepEqual(await world.ask('token'), ['token']);
});

test('while the database is gone few questions try it, and the known do not wait', async () => {
  const world = new World();
  world.add('known');
  await world.ask('known');
  world.cache.onGap();
  world.failure = new Error('gone');
  await world.ask('known');
  world.asked.length = 0;
  for (let index = 0; index < 1_000; index++) {
    const detail = world.cache.findByCredentialsIds(['known']);
    assert.ok(!(detail instanceof Promise));
    world.now += 1;
    await nextTurn();
  }
  assert.ok(world.asked.length >= 1 && world.asked.length <= 5, `${world.asked.length} tried`);
});

test('a question that is bad says nothing about the database', async () => {
  const world = new World();
  world.failure = Object.assign(new Error('invalid byte sequence'), { code: '22021' });
  await assert.rejects(world.ask('bad'));
  assert.equal(world.cache.state.answers, true);
});

test('changes without end leave an answer', async () => {
  const world = new World();
  world.add('busy');
  const load = world.cache.findByCredentialsIds.bind(world.cache);
  const timer = setInterval(() => world.cache.onChange([{ kind: 'changed', ids: ['busy'] }], world.now), 0);
  world.hold = new Promise((resolve) => setTimeout(resolve, 10));
  assert.deepEqual([...(await load(['busy'])).keys()], ['busy']);
  clearInterval(timer);
});
