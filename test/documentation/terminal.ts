import { spawn } from 'node:child_process';
import { mkdtempSync, symlinkSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PATIENT } from '../support/patience.ts';
import { freePort } from '../support/proxies.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { type Block, ROOT } from './markdown.ts';
import { type Mark, markOf } from './marks.ts';

const PROGRAMS = fileURLToPath(new URL('programs', import.meta.url));
/** What a clone has after `npm ci` and `npm start`. */
const CLONE = ['deploy', 'dist', 'node_modules', 'package.json', 'prisma', 'src'];
/** Ports that documents name, each of which becomes a free one. */
const PORTS = ['8080', '1883'];
const LONGEST_MS = 300_000;
const FOLDERS = temporaryFolder();

/** What the blocks of a document did, one after the other in one terminal. */
export interface Session {
  /** What each block that was begun printed, errors too, by the line of the block. */
  readonly printed: ReadonlyMap<number, string>;
  /** 0 when each ended as it should. */
  readonly code: number | null;
}

/**
 * Runs the blocks as a reader would who types them into one terminal, in a clone that was built: variables, files and the
 * server stay from one to the next. The first that does not end as it should is the last.
 */
export async function runInTerminal(blocks: readonly Block[]): Promise<Session> {
  const folder = mkdtempSync(join(FOLDERS, 'clone-'));
  for (const entry of CLONE) symlinkSync(join(ROOT, entry), join(folder, entry));
  const ports = await Promise.all(PORTS.map(async (port) => [port, String(await freePort())] as const));
  const replace = (text: string, back: boolean): string =>
    ports.reduce(
      (detail, [named, free]) => detail.replaceAll(back ? free : named, back ? named : free),
      text,
    );

  const { output, code } = await bash(replace(script(blocks), false), folder, {
    PATH: [PROGRAMS, process.env.PATH].join(delimiter),
    HOME: folder,
    THINGPASS_PORT: ports[0]?.[1] ?? '',
    ...PATIENT,
  });
  const parts = replace(output, true).split(/^<<<(\d+)\n/m);
  const printed = new Map<number, string>();
  for (let at = 1; at < parts.length; at += 2) printed.set(Number(parts[at]), parts[at + 1] as string);
  return { printed, code };
}

function script(blocks: readonly Block[]): string {
  const steps = blocks.flatMap((block) => [`echo; echo '<<<${block.line}'`, step(block.text, markOf(block))]);
  // Both streams are one, so that what is printed stays in its order.
  return ['exec 2>&1', 'set -eu -o pipefail', ...steps].join('\n');
}

function step(text: string, mark: Mark | undefined): string {
  switch (mark?.kind) {
    case 'ends with':
      return `set +e\n${text}\n[ $? = ${mark.code} ] || exit 97\nset -e`;
    case 'keeps running':
      return `{\n${text}\n} > kept.log 2>&1 &\nuntil grep -q listening kept.log; do kill -0 $! || { cat kept.log; exit 98; }; sleep 0.05; done`;
    default:
      return text;
  }
}

/** Runs a script, and ends all that it left behind. */
function bash(
  text: string,
  cwd: string,
  env: Record<string, string>,
): Promise<{ output: string; code: number | null }> {
  const child = spawn('bash', ['-c', text], { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const end = (): void => {
    try {
      process.kill(-(child.pid as number), 'SIGKILL');
    } catch {
      // Nothing was left.
    }
  };
  const timer = setTimeout(end, LONGEST_MS);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      output += chunk;
    });
  return new Promise((resolve) => {
    child.once('exit', () => {
      clearTimeout(timer);
      end();
    });
    child.once('close', (code) => resolve({ output, code }));
  });
}
