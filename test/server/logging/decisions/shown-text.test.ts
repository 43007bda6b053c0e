import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { shownText } from '../../../../src/server/logging/decisions/shown-text.ts';

test('what is plain stays as it is, what is invisible is written out, what is too long is cut', () => {
  assert.equal(shownText('meter-7', 64), 'meter-7');
  assert.equal(shownText('Zähler 7', 64), 'Zähler 7');
  assert.equal(
    shownText('a\u001b[2J\u009b\u202eb\u2028\ud800', 200),
    'a\\u{1b}[2J\\u{9b}\\u{202e}b\\u{2028}\\u{d800}',
  );
  assert.equal(shownText('x'.repeat(70_000), 10), `${'x'.repeat(7)}…`);
  assert.equal(shownText('x'.repeat(10), 10), 'x'.repeat(10));
  assert.equal(shownText('😀😀😀', 8), '😀…');
});

test('whatever the text, it fits as a JSON string, and shows nothing invisible', () => {
  const hostile = fc.string({
    unit: fc.oneof(
      fc.constantFrom('\0', '\x1b', '"', '\\', '\u2066', '\ud800', '😀'),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    ),
    maxLength: 300,
  });
  fc.assert(
    fc.property(hostile, fc.integer({ min: 3, max: 300 }), (text, most) => {
      const shown = shownText(text, most);
      assert.ok(Buffer.byteLength(JSON.stringify(shown)) - 2 <= most, shown);
      assert.doesNotMatch(shown, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
    }),
  );
});
