import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { SETTINGS } from '../../src/config/settings.ts';
import { temporaryFolder } from './temporary-folder.ts';

/*
 * Everything that servers log in tests, and every secret that the tests gave them, kept so that the run can look for the ones in
 * the other when all tests are done. A test file is a process of its own: its logs are searched for its own secrets.
 */

/** Names the folder to the processes of a run; without it nothing is kept. */
export const KEPT_LOGS = 'THINGPASS_KEPT_LOGS';

/** Shorter ones are found by chance. */
const SHORTEST = 8;
/** What members of JSON and options of commands that hold secrets are called. */
const SECRET_NAME = /^(?:--)?(?:password|token|secret|key)$/;

let logs = 0;

/** Starts a run: tests that are started after this keep what they log. @returns the folder. */
export function startKeeping(): string {
  const folder = temporaryFolder();
  process.env[KEPT_LOGS] = folder;
  return folder;
}

/** @returns takes what one server writes, piece by piece. */
export function keepLog(): (text: string | Buffer) => void {
  const folder = process.env[KEPT_LOGS];
  if (folder === undefined) return () => undefined;
  const file = join(folder, `${process.pid}-${++logs}.log`);
  writeFileSync(join(folder, `${process.pid}.test`), process.argv[1] ?? '');
  return (text) => appendFileSync(file, text);
}

/** Remembers secrets that no server may log. */
export function keepSecrets(...secrets: readonly string[]): void {
  const folder = process.env[KEPT_LOGS];
  const long = secrets.filter((secret) => secret.length >= SHORTEST);
  if (folder === undefined || long.length === 0) return;
  appendFileSync(
    join(folder, `${process.pid}.secrets`),
    long.map((one) => `${JSON.stringify(one)}\n`).join(''),
  );
}

/** Remembers what stands in members that are called like secrets, however deep. */
export function keepSecretMembers(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [name, member] of Object.entries(value)) {
    if (typeof member === 'string' && SECRET_NAME.test(name)) keepSecrets(...member.split('\n'));
    else keepSecretMembers(member);
  }
}

/** Remembers the settings of a server that are secrets; where a database is, is none. */
export function keepSecretSettings(environment: Readonly<Record<string, string>>): void {
  for (const { name, kind } of SETTINGS) {
    const text = environment[name] ?? '';
    if (kind === 'secret' && !text.includes('://')) keepSecrets(...text.split('\n'));
  }
}

/** Remembers what follows options that are called like secrets. */
export function keepSecretOptions(args: readonly string[]): void {
  for (const [index, name] of args.entries()) if (SECRET_NAME.test(name)) keepSecrets(args[index + 1] ?? '');
}

export interface Leaks {
  /** How many logs were searched, and for how many secrets. */
  readonly logs: number;
  readonly secrets: number;
  /** Test file and the beginning of the line, in which the secret is blanked. */
  readonly found: readonly string[];
}

/** Looks for every secret, also in base64 and percent-encoded, in every log of the same test file. */
export function findLeaks(folder: string): Leaks {
  const files = readdirSync(folder);
  const found: string[] = [];
  let secretCount = 0;
  let logCount = 0;
  for (const file of files.filter((name) => name.endsWith('.secrets'))) {
    const pid = file.slice(0, -'.secrets'.length);
    const secrets = new Set(
      readFileSync(join(folder, file), 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as string),
    );
    secretCount += secrets.size;
    const forms = [...secrets].flatMap((secret) => [
      secret,
      Buffer.from(secret).toString('base64').replace(/=+$/, ''),
      encodeURIComponent(secret.toWellFormed()),
    ]);
    for (const name of files.filter((one) => one.startsWith(`${pid}-`) && one.endsWith('.log'))) {
      logCount++;
      const text = readFileSync(join(folder, name), 'utf8');
      for (const form of new Set(forms)) {
        const at = text.indexOf(form);
        if (at === -1) continue;
        const line = text.slice(text.lastIndexOf('\n', at) + 1, text.indexOf('\n', at));
        const test = relative(process.cwd(), readFileSync(join(folder, `${pid}.test`), 'utf8'));
        found.push(`${test}: ${line.replaceAll(form, '<secret>').slice(0, 500)}`);
      }
    }
  }
  return { logs: logCount, secrets: secretCount, found };
}
