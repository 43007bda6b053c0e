import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type CsvRecord, readCsvRecords } from '../../../../src/fleet/devices/import/csv-records.ts';
import type { LineProblem } from '../../../../src/fleet/devices/import/import-item.ts';
import { MAX_RECORD_CHARACTERS } from '../../../../src/fleet/devices/import/text.ts';

async function read(...chunks: string[]): Promise<(CsvRecord | LineProblem)[]> {
  const items: (CsvRecord | LineProblem)[] = [];
  for await (const item of readCsvRecords(chunks)) items.push(item);
  return items;
}

async function fields(...chunks: string[]): Promise<(readonly string[])[]> {
  return (await read(...chunks)).map((item) => (item.kind === 'record' ? item.fields : [`! ${item.error}`]));
}

function write(rows: readonly (readonly string[])[], lineEnd: string): string {
  return rows
    .map((row) => row.map((field) => `"${field.replaceAll('"', '""')}"`).join(',') + lineEnd)
    .join('');
}

const field = fc.string({
  unit: fc.constantFrom('a', '"', ',', ';', '\n', '\r', ' ', 'é', '😀'),
  maxLength: 6,
});
const rows = fc
  .array(fc.array(field, { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 6 })
  .map((body) => [['first', 'second'], ...body]);

test('quoted fields are read back with any chunk boundaries', async () => {
  const cuts = fc.array(fc.nat(200), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(rows, fc.constantFrom('\n', '\r\n'), cuts, async (written, lineEnd, at) => {
      const text = write(written, lineEnd);
      const places = [0, ...at.filter((place) => place < text.length).sort((a, b) => a - b), text.length];
      const chunks = places.slice(1).map((end, i) => text.slice(places[i], end));
      assert.deepEqual(await fields(...chunks), written);
    }),
    { numRuns: 1000 },
  );
});

test('any text gives the same records with any chunk boundaries, and never throws', async () => {
  const text = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', ';'), maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(text, fc.nat(40), async (file, at) => {
      assert.deepEqual(await read(file.slice(0, at), file.slice(at)), await read(file));
    }),
    { numRuns: 3000 },
  );
});

test('unquoted fields end at the separator, and the last line needs no end', async () => {
  assert.deepEqual(await fields('a,b\r\n1,\r\n,2'), [
    ['a', 'b'],
    ['1', ''],
    ['', '2'],
  ]);
  assert.deepEqual(await fields('a,b\n1,"x"'), [
    ['a', 'b'],
    ['1', 'x'],
  ]);
  assert.deepEqual(await fields('a,b\n1,""\n'), [
    ['a', 'b'],
    ['1', ''],
  ]);
});

test('a malformed record is reported with its first line, and reading continues in the next line', async () => {
  assert.deepEqual(await fields('a,b\n1,"x"y\n2,z\n'), [
    ['a', 'b'],
    ['! text after a closing quote'],
    ['2', 'z'],
  ]);
  assert.deepEqual(await fields('a,b\n1,x"y"\n2,z\n'), [
    ['a', 'b'],
    ['! a quote inside a field that does not begin with one'],
    ['2', 'z'],
  ]);
  assert.deepEqual(await fields('a,b\n1,"x\n2,z\n3,z'), [
    ['a', 'b'],
    ['! a quoted field is not closed'],
    ['2', 'z'],
    ['3', 'z'],
  ]);
  assert.deepEqual(
    (await read('a,b\n"\n\n",x\n1,"x"y\n2,z\n')).map((item) => item.line),
    [1, 2, 5, 6],
  );
});

test('an endless record does not fill the memory', async () => {
  const long = 'x'.repeat(MAX_RECORD_CHARACTERS);
  const items = await read('a,b\n', '1,', long, long, 'x\n', `2,"${long}`, `${long}\n3,z\n`);
  assert.deepEqual(
    items.map((item) => [item.line, item.kind]),
    [
      [1, 'record'],
      [2, 'problem'],
      [3, 'problem'],
      [4, 'record'],
    ],
  );
});
