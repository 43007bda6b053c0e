import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BoundedMap } from '../../src/util/bounded-map.ts';

const one = { weight: 1 };

test('never holds more than it may, and keeps what is used', () => {
  const map = new BoundedMap<{ weight: number }>(100);
  map.set('used', one);
  for (let index = 0; index < 1_000; index++) {
    map.set(`key-${index}`, one);
    assert.ok(map.size <= 100, `${map.size}`);
    if (index % 20 === 0) assert.equal(map.get('used'), one, `after ${index}`);
  }
  assert.equal(map.get('key-0'), undefined);
  assert.equal(map.get('key-999'), one);
});

test('heavy values take the place of several', () => {
  const map = new BoundedMap<{ weight: number }>(100);
  for (let index = 0; index < 1_000; index++) map.set(`key-${index}`, { weight: 10 });
  assert.ok(map.size <= 10, `${map.size}`);
  map.set('larger than all', { weight: 1_000 });
  assert.notEqual(map.get('larger than all'), undefined);
  map.set('next', one);
  map.set('after', one);
  assert.ok(map.size <= 3);
});

test('the same key set again takes no more room', () => {
  const map = new BoundedMap<{ weight: number }>(10);
  for (let index = 0; index < 4; index++) map.set(`kept-${index}`, one);
  for (let index = 0; index < 100; index++) map.set('again', one);
  assert.equal(map.size, 5);
  map.delete('again');
  assert.equal(map.get('again'), undefined);
  assert.deepEqual([...map].length, 4);
  map.clear();
  assert.equal(map.size, 0);
});
