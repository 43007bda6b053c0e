import assert from 'node:assert/strict';
import { test } from 'node:test';
import { profileFilter } from '../../../src/engine/access/profile-filter.ts';

// What is expected here is what java.util.regex (OpenJDK 17) said of the same filters and topics.

function matches(filter: string, text: string): boolean {
  const matcher = profileFilter(filter);
  assert.ok(matcher, `${filter} cannot be used`);
  return matcher(text);
}

test('a dot excludes every line end of Java’s', () => {
  for (const end of ['\n', '\r', '\u0085', '\u2028', '\u2029']) {
    assert.ok(!matches('a/#', `a/${end}`));
    assert.ok(!matches('a.b/+', `a${end}b/c`));
    assert.ok(matches('a/+', `a/${end}`), 'a plus does not');
  }
  assert.ok(matches('a/#', 'a/\u000b\u2027😀'));
  assert.ok(matches('a[.]b/+', 'a.b/c'));
  assert.ok(!matches('a[.]b/+', 'axb/c'), 'in a class it is a dot');
});

test('classes, groups, alternatives and counts', () => {
  assert.ok(matches('[ab]/+', 'b/x'));
  assert.ok(matches('[^ab]/+', 'c/x'));
  assert.ok(matches('[]a]/+', ']/x'));
  assert.ok(matches('(a|b)*/+', 'abba/x'));
  assert.ok(matches('(?:ab){2}/+', 'abab/x'));
  assert.ok(matches('a{1,}/+', 'aaa/x'));
  assert.ok(matches('a]}/+', 'a]}/x'));
  assert.ok(matches('[\\d]\\d/+', 'd\\d/x'), 'a backslash is itself everywhere');
});

test('expressions that do not compile, or that RE2 cannot express', () => {
  const notJava = [
    '',
    'a(/+',
    'a)/+',
    '[/+',
    '*/+',
    'a**/+',
    'a{x}/+',
    'a{2,1}/+',
    'a{/+',
    '[b-a]/+',
    '(?)/+',
  ];
  const notRe2 = [
    '[+]',
    '[a[b]]/+',
    '[a&&b]/+',
    '(?)/+',
    '(?i)a/+',
    '(?=a)a/+',
    '{2}/+',
    'a{2}{2}/+',
    'a{2000}/+',
  ];
  for (const filter of [...notJava, ...notRe2]) assert.equal(profileFilter(filter), undefined, filter);
});

test('the time is linear in the topic for any filter', () => {
  const topic = 'a'.repeat(65_000);
  const start = process.cpuUsage();
  assert.ok(!matches('((a*)*)*b/+', topic));
  assert.ok(!matches('(a|aa|a?)*/#c', topic));
  assert.ok(process.cpuUsage(start).user < 5_000_000, 'a backtracking engine would not end');
  assert.equal(
    profileFilter('((((a{1,99}){1,99}){1,99}){1,99}){1,99}/+'),
    undefined,
    'nor is memory given away',
  );
});
