import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  findFirstGroup,
  problemOfPattern,
} from '../../../../src/engine/credentials/certificate/java-regex.ts';

/** Group 1, `null` where it took no part, `none` where nothing was found. */
function found(pattern: string, name: string): string | null {
  const result = findFirstGroup(pattern, name);
  return 'problem' in result ? 'none' : result.group;
}

/** Pattern, name, what `find` and `group(1)` of `java.util.regex` (OpenJDK 17) gave. */
const JAVA: readonly (readonly [string, string, string | null])[] = [
  ['([^.]+)\\.devices', 'unit-7.devices.example.com', 'unit-7'],
  ['^(?:(unit-\\d+)|opt)\\.devices', 'opt.devices', null],
  ['(?<name>[\\w-]+)', '.unit-7.', 'unit-7'],
  // The case of ASCII's letters is ignored, and of no others.
  ['(?i)(UNIT-\\d+)', 'a Unit-7', 'Unit-7'],
  ['(?i)(é)', 'É', 'none'],
  ['(?i)(k)', '\u212a', 'none'],
  ['(?i)([a-z]+)', 'ſ\u212aKs', 'Ks'],
  ['(?i)([X-c]+)', 'ABCDxyz', 'ABC'],
  ['(?i)([^k]+)', 'Kak', 'a'],
  ['(?i)(\\p{Upper}+)', 'aB', 'aB'],
  ['(?i)(\\p{Lu}+)', 'éÉ', 'éÉ'],
  ['((?i:u)nit)', 'Unit', 'Unit'],
  ['((?i:u)nit)', 'UNIT', 'none'],
  ['((?i)a(?-i)b)', 'Ab', 'Ab'],
  ['((?i)a(?-i)b)', 'aB', 'none'],
  // ASCII only.
  ['(\\S+)\\s', 'a\u00a0b', 'none'],
  ['(\\w+)', 'é_9é', '_9'],
  ['(\\d+)', '\u0661', 'none'],
  ['(a\\s)', 'a\u000b', 'a\u000b'],
  ['(a[\\S])', 'a\u000bb', 'none'],
  ['(\\h+)', 'a\u1680\u00a0', '\u1680\u00a0'],
  ['(\\H+)', '\u00a0a', 'a'],
  ['(\\v+)', 'a\u000b\u0085b', '\u000b\u0085'],
  ['(\\w+)\\b', 'ab-c', 'ab'],
  // Where lines end.
  ['(.+)', 'a\nb', 'a'],
  ['(.+)', 'a\rb', 'a'],
  ['(.+)', 'a\u0085b', 'a'],
  ['(.+)', 'a\u2028b', 'a'],
  ['(.+)', 'a\u000b\fb', 'a\u000b\fb'],
  ['(?s)(.+)', 'a\u0085b', 'a\u0085b'],
  ['^(b)', 'a\nb', 'none'],
  ['(a)$', 'a\nb', 'none'],
  ['(b)\\Z', 'ab', 'b'],
  ['\\A(a)\\z', 'a', 'a'],
  // Which of several, and what groups keep.
  ['(a|ab)(?:c|bcd)d*', 'abcd', 'a'],
  ['(a*?)b', 'aab', 'aa'],
  ['(a{2,3}?)', 'aaaa', 'aa'],
  ['(?:(a)|b)*', 'ab', 'a'],
  ['(a)?(.*)', 'b', null],
  ['(a{02})', 'aa', 'aa'],
  // Characters and classes.
  ['([]a]+)', 'x]a', ']a'],
  ['([^]a]+)', ']ax', 'x'],
  ['([a-c-e]+)', 'xb-e', 'b-e'],
  ['([\\d-z]+)', 'x1-z', '1-z'],
  ['([--a]+)', ',./-a', './-a'],
  ['([a&b^]+)', 'x&^', '&^'],
  ['(\\p{Alnum}+)', '-aB9-', 'aB9'],
  ['(\\p{Punct}+)', 'a_+b', '_+'],
  ['(\\p{Upper}\\p{L}+)', 'aÄ Bär', 'Bär'],
  ['(\\p{IsGreek}+)', 'aαβ', 'αβ'],
  ['(\\P{L}+)', 'é1é', '1'],
  ['(\\Q.*1\\E+)', 'a.*11', '.*11'],
  ['([\\Qa-c\\E]+)', 'b-a', '-a'],
  ['(\\x41\\u0042\\0103\\x{44})', 'ABCD', 'ABCD'],
  ['(\\c@\\t\\e)', '\0\t\u001b', '\0\t\u001b'],
  ['(.)', '😀', '😀'],
  ['([😀-😃])', '😁', '😁'],
  ['(a}])', 'a}]', 'a}]'],
];

test('patterns find and capture what they do in Java', () => {
  for (const [pattern, name, expected] of JAVA) {
    assert.equal(problemOfPattern(pattern), undefined, pattern);
    assert.equal(found(pattern, name), expected, `${pattern} in ${JSON.stringify(name)}`);
  }
});

/** What Java 17 takes, and how the reason begins for which it is refused here. */
const OF_JAVA_ALONE: readonly (readonly [string, RegExp])[] = [
  ['(?<n>unit)(?=-77)', /looking ahead/],
  ['(?!a)(b)', /looking ahead/],
  ['(?<=sn:)(\\w+)', /looking ahead/],
  ['(?<!x)(\\d)', /looking ahead/],
  ['(a|b)\\1', /references/],
  ['(?<x>a)\\k<x>(b)', /references/],
  ['(a++)b', /possessive/],
  ['(a{2}+)b', /possessive/],
  ['(?>a+)(a)', /give nothing back/],
  ['([a-z&&[^aeiou]]+)', /classes within classes/],
  ['([a[0-9]]+)', /classes within classes/],
  ['((a*)*)', /match nothing/],
  ['((?:a|)+)', /match nothing/],
  ['((?:\\b){2}a)', /match nothing/],
  ['(a)(?:){2}', /match nothing/],
  ['(^*a)', /repeats nothing/],
  ['({2}a)', /repeats nothing/],
  ['(a{2}{3})', /repeats nothing/],
  ['(?m)^(a)$', /flag m/],
  ['(?x) ( a b ) # c', /flag x/],
  ['(?iu)(é)', /flag u/],
  ['(?U)(\\w)', /flag U/],
  ['(?d)(.)', /flag d/],
  ['(\\R)', /\\R/],
  ['(\\X)', /\\X/],
  ['(\\G)', /\\G/],
  ['([\\H])', /\\H/],
  ['(\\p{InGreek})', /InGreek/],
  ['(\\p{IsAlphabetic})', /IsAlphabetic/],
  ['(\\p{javaLowerCase})', /javaLowerCase/],
  ['(?i)(\\P{Lu})', /\\P\{Lu\}/],
  ['(a{1001})', /more than 500/],
  ['((a{30}){30})', /more than 500/],
  [`(${'a'.repeat(1_000)})`, /longer than 1000/],
  ['(\ud800)', /half a character/],
  ['.*', /no group/],
];

/** What Java 17 refuses: some of it RE2 would take. */
const OF_NOBODY_OR_RE2: readonly string[] = [
  '(',
  '([',
  '(a',
  '(a))',
  '*(a)',
  '(a)**',
  '(a){2,1}',
  '(a){2000000000,1}',
  '(?<n>a)(?<n>b)',
  '(\\y)',
  '(a)\\',
  '(a)[',
  '([b-a])',
  '([a-\\d])',
  '(?a:b)()',
  '({)',
  '(a{)',
  '(a{,2})',
  '(?P<n>a)',
  '(?<n_1>a)',
  '(?#comment)(a)',
  '(\\pX)',
  '(\\C)',
  '(\\E)',
  '(\\08)',
  '(\\u004)',
  '(\\p{Any})',
  '(\\p{Greek})',
  '(\\x{110000})',
];

test('what means something else to RE2 is refused, with the reason', () => {
  for (const [pattern, reason] of OF_JAVA_ALONE) {
    assert.match(problemOfPattern(pattern) ?? '', reason, pattern);
    assert.deepEqual(findFirstGroup(pattern, 'a'), { problem: problemOfPattern(pattern) }, pattern);
  }
  for (const pattern of OF_NOBODY_OR_RE2) {
    assert.ok(problemOfPattern(pattern), pattern);
    assert.equal(found(pattern, 'a'), 'none', pattern);
  }
  // RE2 reads it as a class of POSIX's, and Java as a class within another.
  assert.match(problemOfPattern('([[:alpha:]])') ?? '', /classes within classes/);
});

test('names that Java searches otherwise are not searched', () => {
  for (const end of ['\n', '\r', '\r\n', '\u0085', '\u2028', '\u2029']) {
    assert.deepEqual(findFirstGroup('^(a)$', `a${end}`), { problem: 'the name ends in a line end' });
  }
  assert.match(JSON.stringify(findFirstGroup('\\b(é)', 'é')), /beyond ASCII/);
  assert.equal(found('(\\\\b)', '\\b é'), '\\b', 'a backslash and a letter');
  assert.match(JSON.stringify(findFirstGroup('(a*)', 'a'.repeat(1_025))), /longer than 1024/);
});

test('no pattern and no name holds the server up', () => {
  const hostile = [
    '(a+)+$',
    '(a|aa)+$',
    '(.*)(.*)(.*)(.*)(.*)x',
    '(?:a?){250}(a){250}',
    '((a|b|c|d){10}){30}',
    `(${'a?'.repeat(499)})`,
    '(\\w+\\s?)+!',
    `(${'(?:'.repeat(330)}`,
    `${'('.repeat(490)}a${')'.repeat(490)}`,
    '(a{500})'.repeat(120),
    '(a{999999999})',
    `${'('.repeat(200)}a${'{2})'.repeat(200)}`,
  ];
  for (const pattern of hostile) {
    const start = process.cpuUsage();
    problemOfPattern(pattern);
    found(pattern, `${'a'.repeat(1_023)}!`);
    found(pattern, `${'ab'.repeat(512)}`);
    found(pattern, 'a'.repeat(64 * 1024));
    const { user, system } = process.cpuUsage(start);
    assert.ok(user + system < 2_000_000, `${pattern.slice(0, 40)} took ${(user + system) / 1000} ms`);
  }
  assert.equal(found('((?:ab)*)', 'ab'.repeat(512)), 'ab'.repeat(512));
  assert.equal(found('([^.]+)\\.', `${'a'.repeat(1_000)}.x`), 'a'.repeat(1_000));
});
