/**
 * Runs the test files: `node --import tsx test/run.ts [--only <text>]`, where <text> is a part of the file's path; with
 * `--soak` those that have a full size, one after the other, at that size.
 * At the end it looks for the tests' secrets in everything that their servers logged.
 * Node 20's own runner knows no globs, and shells differ.
 */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';
import { findLeaks, startKeeping } from './support/kept-logs.ts';

const folder = fileURLToPath(new URL('.', import.meta.url));
const soak = process.argv[2] === '--soak';
const only = process.argv[2] === '--only' ? (process.argv[3] ?? '') : '';
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.ts') && !file.startsWith('golden') && file.includes(only))
  .sort()
  .map((file) => join(folder, file))
  .filter((file) => !soak || readFileSync(file, 'utf8').includes('THINGPASS_SOAK'));

if (files.length === 0) {
  console.error(`no test file has "${only}" in its path below ${relative(process.cwd(), folder)}`);
  process.exit(1);
}

if (soak) process.env.THINGPASS_SOAK = '1';
const keptLogs = startKeeping();
run({ files, concurrency: soak ? 1 : 3, timeout: soak ? 3_600_000 : 600_000 })
  .on('test:fail', () => {
    process.exitCode = 1;
  })
  .compose(new spec())
  .on('end', assertNothingLeaked)
  .pipe(process.stdout);

/** The run fails when a server logged a secret that its test gave it. */
function assertNothingLeaked(): void {
  const { logs, secrets, found } = findLeaks(keptLogs);
  rmSync(keptLogs, { recursive: true });
  for (const leak of found) console.error(`a secret was logged: ${leak}`);
  if (found.length > 0) process.exitCode = 1;
  else if (logs > 0)
    console.log(`${logs} logs of servers were searched for ${secrets} secrets: none is in them`);
}
