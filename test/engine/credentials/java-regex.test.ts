import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findFirstGroup, problemOfPattern } from '../../../src/engine/credentials/java-regex.ts';

/** Group 1, `null` where it took no part, `none` where nothing was found. */
function found(pattern: string, name: string): string | null {
  const result = findFirstGroup(pattern, name);
  return result === undefined ? 'none' : result.group;
}

/** Pattern, name, what Java 17's `find` and `group(1)` gave. */
const JAVA: readonly (readonly [string, string, string | null])[] = [
  ['(?<n>unit)(?=-77)', 'unit-77', 'unit'],
  ['(?<n>unit)(?=-77)', 'unit-78', 'none'],
  ['unit-(?!0)(\\d+)', 'unit-01 unit-12', '12'],
  ['(?<=sn:)(\\w+)', 'x sn:77', '77'],
  ['(?<!x)(\\d)', 'x12', '2'],
  ['(?i)(UNIT-\\d+)', 'a Unit-7', 'Unit-7'],
  ['(?i)(é)', 'É', 'none'],
  ['(?iu)(é)', 'É', 'É'],
  ['((?i:u)nit)', 'Unit', 'Unit'],
  ['((?i:u)nit)', 'UNIT', 'none'],
  ['(\\S+)\\s', 'a\u00a0b', 'none'],
  ['(.+)', 'a\u0085b', 'a'],
  ['(?s)(.+)', 'a\u0085b', 'a\u0085b'],
  ['^(a)$', 'a\n', 'a'],
  ['^(a)\\z', 'a\n', 'none'],
  ['(?m)^(b)$', 'a\nb\nc', 'b'],
  ['(a|ab)(?:c|bcd)d*', 'abcd', 'a'],
  ['(?>a+)(a)', 'aaa', 'none'],
  ['(a++)b', 'aab', 'aa'],
  ['(a*?)b', 'aab', 'aa'],
  ['(?:(a)|b)*', 'ab', 'a'],
  ['(a)?(.*)', 'b', null],
  ['([a-z&&[^aeiou]]+)', 'aunit', 'n'],
  ['([a[0-9]]+)', 'xa1b', 'a1'],
  ['(\\Q.*\\E)', 'a.*', '.*'],
  ['(\\p{Upper}\\p{L}+)', 'aÄ Bär', 'Bär'],
  ['(a|b)\\1', 'abb', 'b'],
  ['(?<x>a)\\k<x>(b)', 'aab', 'a'],
  ['(.)', '😀', '😀'],
  ['(?x) ( a b ) # c', 'ab', 'ab'],
  ['(a{2,3}?)', 'aaaa', 'aa'],
  ['([]a]+)', 'x]a', ']a'],
  ['(\\x41\\u0042\\0103)', 'ABC', 'ABC'],
  ['(\\R)', 'a\r\nb', '\r\n'],
];

test('patterns mean what they mean in Java', () => {
  for (const [pattern, name, expected] of JAVA) {
    assert.equal(found(pattern, name), expected, `${pattern} in ${name}`);
    assert.equal(problemOfPattern(pattern), undefined, pattern);
  }
});

test('what cannot be honoured finds nothing and may not be saved', () => {
  const refused = [
    '(',
    ')',
    '([',
    '(a',
    '*(a)',
    '(a)**',
    '(a){2,1}',
    '(?<n>a)(?<n>b)',
    '(\\y)',
    '(a)\\',
    '(?<=a*)(b)',
  ];
  for (const pattern of [
    ...refused,
    '(\\p{InGreek})',
    '([b-a])',
    '(\\G)',
    '(?a:b)()',
    `(${'('.repeat(60)}`,
  ]) {
    assert.equal(found(pattern, 'a'), 'none', pattern);
    assert.ok(problemOfPattern(pattern), pattern);
  }
  assert.match(problemOfPattern('.*') ?? '', /no group/);
  assert.match(problemOfPattern(`(${'a'.repeat(1_000)})`) ?? '', /longer than/);
});

test('no pattern and no name holds the server up', () => {
  const hostile = [
    '(a+)+$',
    '((a*)*)*b',
    '(a|aa)+$',
    '(.*)(.*)(.*)(.*)(.*)x',
    '(?:a?){500}(a){500}',
    '(\\w+\\s?)*!',
  ];
  for (const pattern of hostile) {
    const start = performance.now();
    found(pattern, `${'a'.repeat(1_000)}\n`);
    found(pattern, `${'a'.repeat(64 * 1024)}\n`);
    const took = performance.now() - start;
    assert.ok(took < 500, `${pattern} took ${took} ms`);
    assert.ok(problemOfPattern(pattern), `${pattern} may not be saved`);
  }
  assert.equal(found('(a*)', 'a'.repeat(1_025)), 'none', 'a name longer than any');
  assert.equal(found('((?:ab)*)', 'ab'.repeat(512)), 'ab'.repeat(512));
  assert.equal(found('([^.]+)\\.', `${'a'.repeat(1_000)}.x`), 'a'.repeat(1_000));
});
