import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRulesFile } from '../../../src/engine/access/rules-file.ts';
import { entangled } from './support.ts';

function problems(text: string): string[] {
  const read = parseRulesFile(text, 'rules.yaml');
  return read.ok ? [] : read.problems.map(({ file, line, reason }) => `${file}:${line} ${reason}`);
}

test('rules of a file have their line', () => {
  const text = `# ours
rules:
  - permission: deny
    action: all
    filter: "$SYS/#"

  - { permission: allow, action: publish, filter: 'plant/\${device.name}/#', qos: [0, 1], profile: pumps }
`;
  const read = parseRulesFile(text, 'rules.yaml');
  assert.ok(read.ok);
  assert.deepEqual(
    read.rules.map(({ filter, qos, scope, origin }) => ({ filter, qos, scope, origin })),
    [
      { filter: '$SYS/#', qos: undefined, scope: { kind: 'global' }, origin: 'rules.yaml:3' },
      {
        filter: `plant/\${device.name}/#`,
        qos: [0, 1],
        scope: { kind: 'profile', name: 'pumps' },
        origin: 'rules.yaml:7',
      },
    ],
  );
  assert.equal(read.set.size, 2);
});

test('an empty list is valid, an empty file is not', () => {
  assert.ok(parseRulesFile('rules: []', 'f').ok);
  assert.match(problems('').join(), /^rules.yaml:1 the file must be a mapping/);
  assert.match(problems('rules:').join(), /^rules.yaml:1 "rules" must be a list/);
  assert.match(problems('rules: {}').join(), /must be a list/);
  assert.match(problems('[]').join(), /must be a mapping/);
});

test('every invalid rule is reported with its line, and none is used', () => {
  const text = `rules:
  - permission: allow
    action: publish
    filter: a/#/b
  - permission: allow
    action: publish
    filter: a
  -
  - permission: allow
    action: publish
    filter: \${nobody}/x
`;
  assert.deepEqual(
    problems(text).map((one) => one.slice(0, 40)),
    [
      'rules.yaml:2 "a/#/b" is not a valid topi',
      'rules.yaml:8 a rule is an object with pe',
      `rules.yaml:9 "\${nobody}" is not one of t`,
    ],
  );
});

test('malformed YAML, repeated and unknown members, foreign tags and endless aliases', () => {
  assert.match(problems('rules:\n  - {').join(), /^rules.yaml:2 /);
  assert.match(
    problems('rules:\n  - permission: allow\n    permission: deny').join(),
    /^rules.yaml:3 .*unique/,
  );
  assert.match(problems('rules: []\nrule: []').join(), /^rules.yaml:2 "rule" is unknown/);
  assert.match(problems('rules:\n  - !!js/function x').join(), /^rules.yaml:2 .*tag/);
  assert.match(problems('rules:\n  - *nothing').join(), /^rules.yaml:2 /);
  assert.match(problems('rules: []\n---\nrules: []').join(), /^rules.yaml:/);
  const bomb = `rules:\n  - note: &a [x,x,x,x,x,x,x,x,x,x]\n    filter: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n    qos: &c [*b,*b,*b,*b,*b,*b,*b,*b]\n    device: [*c,*c,*c,*c,*c,*c,*c,*c]`;
  assert.equal(problems(bomb).length, 1);
});

test('a set that is too complex to check is refused', () => {
  const rules = entangled(16).map(
    ({ filter }) => `  - { permission: allow, action: subscribe, filter: ${filter} }`,
  );
  assert.match(problems(`rules:\n${rules.join('\n')}`).join(), /the global rules are too entangled/);
});
