import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { covers, matches, overlaps } from '../../../src/engine/access/matching.ts';
import {
  isTopicName,
  readTopicFilter,
  readTopicName,
  withoutSharing,
} from '../../../src/engine/access/topic.ts';
import { filters, mqttMatches, TOPICS } from './support.ts';

const LONG = 'x'.repeat(65_535);

test('topic names', () => {
  for (const good of ['a', '/', '/a', 'a/', 'a//b', '$SYS/x', 'ü€😀/ ', LONG]) {
    assert.deepEqual(readTopicName(good), good.split('/'), good.slice(0, 20));
  }
  const bad = ['', 'a/+', '#', 'a#', 'a+b', 'a\0b', 'a\ud800', `${LONG}x`, '€'.repeat(21_846)];
  for (const text of bad) assert.ok(!isTopicName(text), text.slice(0, 20));
});

test('topic filters', () => {
  for (const good of ['a', '#', '+', '+/#', '/', '/#', 'a/+/b', 'a//#', '$SYS/#', '+/+', LONG]) {
    assert.deepEqual(readTopicFilter(good), good.split('/'), good.slice(0, 20));
  }
  const bad = [
    '',
    '#/a',
    'a/#/b',
    'a#',
    '#a',
    'a+',
    '+a',
    'a/+b/c',
    'a/##',
    '++',
    'a\0',
    '\udc00',
    `${LONG}x`,
  ];
  for (const text of bad) assert.equal(readTopicFilter(text), undefined, text.slice(0, 20));
});

test('the prefix of a shared, queued or exclusive subscription is removed once', () => {
  const cases: [string, string | undefined][] = [
    ['a/b', 'a/b'],
    ['$SYS/#', '$SYS/#'],
    ['$share/g/a/+', 'a/+'],
    ['$share/g//a', '/a'],
    ['$share/g/$SYS/#', '$SYS/#'],
    ['$queue/a/#', 'a/#'],
    ['$exclusive/a', 'a'],
    ['$shared/g/a', '$shared/g/a'],
    ['$delayed/5/a', '$delayed/5/a'],
    ['$share', undefined],
    ['$share/', undefined],
    ['$share/g', undefined],
    ['$share/g/', undefined],
    ['$share//a', undefined],
    ['$share/+/a', undefined],
    ['$share/g#/a', undefined],
    ['$queue/', undefined],
    ['$queue', undefined],
    ['$exclusive/', undefined],
    ['$share/g/$share/h/a', undefined],
    ['$queue/$exclusive/a', undefined],
    ['$exclusive/$queue', undefined],
  ];
  for (const [text, expected] of cases) assert.equal(withoutSharing(text), expected, text);
});

const reach = (filter: string) => ({ levels: filter.split('/'), everything: false });

test('matching follows the standard', () => {
  fc.assert(
    fc.property(filters, fc.constantFrom(...TOPICS), (filter, topic) => {
      assert.equal(matches(reach(filter), topic.split('/')), mqttMatches(filter, topic));
    }),
    { numRuns: 5000 },
  );
});

test('overlapping is exact, and covering is never claimed wrongly', () => {
  fc.assert(
    fc.property(filters, filters, (one, other) => {
      const common = TOPICS.filter((topic) => mqttMatches(one, topic) && mqttMatches(other, topic));
      assert.equal(overlaps(reach(one), other.split('/')), common.length > 0);
      if (covers(reach(one), other.split('/'))) {
        assert.ok(TOPICS.every((topic) => !mqttMatches(other, topic) || mqttMatches(one, topic)));
      }
    }),
    { numRuns: 1500 },
  );
});
