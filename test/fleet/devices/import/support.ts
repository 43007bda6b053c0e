import { createReadStream } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type {
  ImportedDevice,
  ImportedRule,
  ImportItem,
  LineProblem,
} from '../../../../src/fleet/devices/import/import-item.ts';
import {
  type ImportFormat,
  type ImportOptions,
  readImport,
} from '../../../../src/fleet/devices/import/read-import.ts';
import type { Chunks } from '../../../../src/fleet/devices/import/text.ts';

/** A file below `test/fixtures/import`, in small chunks so that records and letters fall between two. */
export function fixture(name: string): Chunks {
  const path = fileURLToPath(new URL(`../../../fixtures/import/${name}`, import.meta.url));
  return createReadStream(path, { highWaterMark: 37 });
}

export async function collect(
  format: ImportFormat,
  chunks: Chunks,
  options: ImportOptions = {},
): Promise<readonly ImportItem[]> {
  const items: ImportItem[] = [];
  for await (const item of readImport(format, chunks, options)) items.push(item);
  return items;
}

export function devices(items: readonly ImportItem[]): readonly ImportedDevice[] {
  return items.filter((item) => item.kind === 'device');
}

export function rules(items: readonly ImportItem[]): readonly ImportedRule[] {
  return items.filter((item) => item.kind === 'rule');
}

/** Line number and sentence of each problem. */
export function problems(items: readonly ImportItem[]): readonly (readonly [number, string])[] {
  const found: readonly LineProblem[] = items.filter((item) => item.kind === 'problem');
  return found.map(({ line, error }) => [line, error] as const);
}

/** The lines at which the items begin. */
export function lines(items: readonly ImportItem[]): readonly number[] {
  return items.map((item) => item.line);
}
