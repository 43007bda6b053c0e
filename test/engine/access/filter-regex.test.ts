import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { filtersMeeting, filtersWithin, topicsOf } from '../../../src/engine/access/filter-regex.ts';
import { overlaps } from '../../../src/engine/access/matching.ts';
import { filters, mqttMatches, TOPICS } from './support.ts';

const reach = (filter: string) => ({ levels: filter.split('/'), everything: false });
const matcher = (pattern: string) => new RegExp(`^${pattern}$`);

test('the topics of a filter', () => {
  fc.assert(
    fc.property(filters, fc.constantFrom(...TOPICS), (filter, topic) => {
      assert.equal(matcher(topicsOf(reach(filter))).test(topic), mqttMatches(filter, topic));
    }),
    { numRuns: 3000 },
  );
});

test('filters within a filter match nothing else, and a filter is within itself', () => {
  fc.assert(
    fc.property(filters, filters, (filter, other) => {
      const within = matcher(filtersWithin(reach(filter)));
      assert.ok(within.test(filter));
      if (!within.test(other)) return;
      assert.ok(TOPICS.every((topic) => !mqttMatches(other, topic) || mqttMatches(filter, topic)));
    }),
    { numRuns: 3000 },
  );
});

test('filters that meet a filter are those that overlap it', () => {
  fc.assert(
    fc.property(filters, filters, (filter, other) => {
      // `+` and `/#` have only the empty text in common, which the pattern may take for a topic.
      if ([filter, other].includes('+') && [filter, other].includes('/#')) return;
      assert.equal(
        matcher(filtersMeeting(reach(filter))).test(other),
        overlaps(reach(filter), other.split('/')),
      );
    }),
    { numRuns: 3000 },
  );
});
