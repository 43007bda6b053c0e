import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { DatabaseLocation } from '../../../../src/storage/connections/database-url.ts';

/** The arguments of Node that run a program with Prisma's schema engine, which is a WebAssembly module. */
export const ENGINE_ARGS = [
  '--experimental-wasm-modules',
  '--disable-warning=ExperimentalWarning',
  '--import',
  'tsx',
];

export const OLDER_VERSION = fileURLToPath(new URL('older-version.ts', import.meta.url));

export function urlOf(location: DatabaseLocation): string {
  return location.kind === 'sqlite' ? `file:${location.file}` : location.url;
}

/**
 * Migrates as older versions did. @param count how many migrations there are; all of this version's when absent.
 * @returns the names of those applied.
 */
export async function migrateByOlderVersion(
  location: DatabaseLocation,
  count?: number,
): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...ENGINE_ARGS,
    OLDER_VERSION,
    urlOf(location),
    ...(count === undefined ? [] : [String(count)]),
  ]);
  return JSON.parse(stdout) as string[];
}
