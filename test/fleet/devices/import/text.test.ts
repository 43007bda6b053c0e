import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { IMPORT_FORMATS, readImport } from '../../../../src/fleet/devices/import/read-import.ts';
import { MAX_RECORD_CHARACTERS, readLines } from '../../../../src/fleet/devices/import/text.ts';
import { collect } from './support.ts';

async function read(...chunks: (string | Uint8Array)[]): Promise<string[]> {
  const lines: string[] = [];
  for await (const item of readLines(chunks)) {
    lines.push(item.kind === 'line' ? `${item.line} ${item.text}` : `${item.line} ! ${item.error}`);
  }
  return lines;
}

test('lines end with LF or CR LF, and a character may span two chunks', async () => {
  const bytes = Buffer.from('\ufeffé1\r\n\n😀3');
  assert.deepEqual(await read(...Array.from(bytes, (byte) => Uint8Array.of(byte))), ['1 é1', '2 ', '3 😀3']);
  assert.deepEqual(await read('\ufeffa', 'b\n'), ['1 ab']);
});

test('lines that are too long or not UTF-8 are reported, and the next one is read', async () => {
  assert.deepEqual(await read(Buffer.from([0x61, 0xff, 0x0a, 0x62])), ['1 ! not valid UTF-8', '2 b']);
  const half = 'x'.repeat(MAX_RECORD_CHARACTERS / 2 + 1);
  const lines = await read('a\n', half, half, half, half, '\nb');
  assert.deepEqual(lines, ['1 a', '2 ! longer than 1048576 characters', '3 b']);
});

test('no format throws for any file', async () => {
  const parts = fc.constantFrom(
    'name',
    'user_id',
    ',',
    '"',
    '\n',
    '{',
    '}',
    '[',
    ']',
    ':',
    'user ',
    'topic ',
    '$7$',
    '\0',
    '\ud800',
    'a',
  );
  const file = fc.array(fc.oneof(parts, fc.string()), { maxLength: 30 }).map((all) => all.join(''));
  for (const format of IMPORT_FORMATS) {
    await fc.assert(
      fc.asyncProperty(file, async (text) => {
        await collect(format, [text]);
        await collect(format, [Buffer.from(text, 'latin1')]);
      }),
      { numRuns: 300 },
    );
  }
});

test('a hundred thousand devices are read in constant memory', async () => {
  function* chunks(): Generator<string> {
    yield 'name,user_name,password\n';
    for (let i = 0; i < 100_000; i++) yield `meter-${i},meter-${i},"password ${i}"\n`;
  }
  // What can be collected is not kept: how much of that lies about depends on what else this process did.
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const used = (): number => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  let read = 0;
  const before = used();
  let most = before;
  for await (const item of readImport('csv', chunks())) {
    assert.equal(item.kind, 'device');
    if (++read % 10_000 === 0) most = Math.max(most, used());
  }
  assert.equal(read, 100_000);
  assert.ok(most - before < 8 * 2 ** 20, `${most - before} bytes`);
});
