import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BoundedMap } from '../../src/util/bounded-map.ts';

test('it never exceeds its capacity, and keeps entries that are used', () => {
  const map = new BoundedMap<string, number>(100);
  map.set('used', 1);
  for (let index = 0; index < 1_000; index++) {
    map.set(`key-${index}`, index);
    assert.ok(map.size <= 100, `${map.size}`);
    if (index % 20 === 0) assert.equal(map.get('used'), 1, `after ${index}`);
  }
  assert.equal(map.get('key-0'), undefined);
  assert.equal(map.get('key-999'), 999);
});

test('a heavy value replaces several light ones', () => {
  const map = new BoundedMap<string, number>(100, (weight) => weight);
  for (let index = 0; index < 1_000; index++) map.set(`key-${index}`, 10);
  assert.ok(map.size <= 10, `${map.size}`);
  map.set('larger than all', 1_000);
  assert.notEqual(map.get('larger than all'), undefined);
  map.set('next', 1);
  map.set('after', 1);
  assert.ok(map.size <= 3);
});

test('setting a key again takes no additional room', () => {
  const map = new BoundedMap<string, number>(10);
  for (let index = 0; index < 4; index++) map.set(`kept-${index}`, index);
  for (let index = 0; index < 100; index++) map.set('again', index);
  assert.equal(map.size, 5);
  assert.equal(map.delete('again'), true);
  assert.equal(map.delete('again'), false);
  assert.equal(map.get('again'), undefined);
  assert.deepEqual([...map].length, 4);
  map.clear();
  assert.equal(map.size, 0);
});

test('a value is made once, as long as it is kept', () => {
  const map = new BoundedMap<object, string | null>(10);
  const key = {};
  let made = 0;
  const make = () => {
    made++;
    return null;
  };
  assert.equal(map.getOrMake(key, make), null);
  assert.equal(map.getOrMake(key, make), null);
  assert.equal(made, 1);
  for (let index = 0; index < 10; index++) map.set({}, 'other');
  assert.equal(map.getOrMake(key, make), null);
  assert.equal(made, 2);
});

test('what was dropped with its generation and is deleted later weighs nothing', () => {
  const map = new BoundedMap<string, number>(4);
  for (const key of ['a', 'b', 'c']) map.set(key, 1);
  assert.equal(map.delete('a'), true);
  map.set('d', 1);
  assert.deepEqual([...map].map(([key]) => key).sort(), ['b', 'c', 'd']);
});
