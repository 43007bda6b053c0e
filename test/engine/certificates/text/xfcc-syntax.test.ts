import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseXfcc } from '../../../../src/engine/certificates/text/xfcc-syntax.ts';
import { faultOf } from '../support/outcome.ts';

test('XFCC is read from left to right: separators inside quotes are text', () => {
  const [element, ...others] = parseXfcc(
    String.raw`By=spiffe://a/b;Hash=aa;Subject="CN=x\",y;Cert=\\";URI=;URI=b`,
  );
  assert.deepEqual(others, []);
  assert.deepEqual(
    [...(element ?? [])],
    [
      ['by', ['spiffe://a/b']],
      ['hash', ['aa']],
      ['subject', [String.raw`CN=x\",y;Cert=\\`]],
      ['uri', ['', 'b']],
    ],
  );
  assert.equal(parseXfcc('Hash=a,Hash=b, Hash=c').length, 3);
  const broken = [
    '',
    'Hash',
    'Hash=a,',
    'Hash=a;',
    ',Hash=a',
    'Hash="a',
    'Hash="a"b',
    'Hash=a"b',
    '=a',
    'Hash=a;hash=b',
    'A b=c',
  ];
  for (const text of broken)
    assert.equal(
      faultOf(() => parseXfcc(text)),
      'xfcc_syntax',
      text,
    );
});
