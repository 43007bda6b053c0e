import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository, with a separator at its end. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** With one of these a test can start a process, or listen or connect to one. */
const REACHING_OUT = new Set([
  'node:child_process',
  'node:cluster',
  'node:dgram',
  'node:http',
  'node:http2',
  'node:https',
  'node:net',
  'node:tls',
  'aedes',
  'mqtt',
  'pg',
  'undici',
  'ws',
]);
/** Those of our own that make a server. */
const SERVERS = /^src\/server\/(?:app|listening|start[^/]*)\.ts$/;

/** All test files as paths below the repository, in a fixed order. */
export function testFiles(): string[] {
  return readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts') && !file.startsWith('golden'))
    .map((file) => join('test', file))
    .sort();
}

/** What a file imports when it runs, types left out: packages by name, files as paths below the repository. */
function importsOf(file: string): string[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  const found = text.matchAll(
    /^(?:import|export)\s+(?!type\b)(?:[^'"`;]*?\sfrom\s+)?'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/gm,
  );
  return [...found].map(([, named, loaded]) => {
    const path = (named ?? loaded) as string;
    return path.startsWith('.') ? relative(ROOT, resolve(join(ROOT, dirname(file)), path)) : path;
  });
}

/** The files of `test/` that a test file runs, itself first, and all that these import from elsewhere. */
export interface Reach {
  readonly files: readonly string[];
  /** Each with the file that imports it. */
  readonly others: ReadonlyMap<string, string>;
}

export function reachOf(file: string): Reach {
  const files = [file];
  const others = new Map<string, string>();
  for (const one of files)
    for (const imported of importsOf(one)) {
      if (!imported.startsWith('test/') || !existsSync(join(ROOT, imported))) others.set(imported, one);
      else if (!files.includes(imported) && imported.endsWith('.ts')) files.push(imported);
    }
  return { files, others };
}

/**
 * Why a test file is not one of the unit run, or `undefined` where it is: by what it imports, itself or through files of
 * `test/`, it can start a process, a server or a broker, or talk to one. The unit run itself holds it to that
 * (`no-reaching-out.ts`).
 */
export function whyNotUnit(file: string): string | undefined {
  const { files, others } = reachOf(file);
  for (const [imported, by] of others)
    if (REACHING_OUT.has(imported) || SERVERS.test(imported)) return `${by} imports ${imported}`;
  const asking = files.find((one) => /\bfetch\(/.test(readFileSync(join(ROOT, one), 'utf8')));
  return asking === undefined ? undefined : `${asking} calls fetch`;
}
