/**
 * Makes what the repository does not hold: Prisma's clients and `dist`, each only where it is not up to date.
 *
 *     node --import tsx .config/build.ts [clients]
 */
import { execFile } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { bringUpToDate, filesBelow } from './up-to-date.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const CLIENTS = join(ROOT, 'src/storage/generated');
/** npm writes it at the end of each installation: another version of a package, another text. */
const INSTALLED = join(ROOT, 'node_modules/.package-lock.json');
const require = createRequire(import.meta.url);

/** Generates Prisma's clients from the schemas. @returns whether there was something to do. */
export async function buildClients(): Promise<boolean> {
  const made = await Promise.all(['sqlite', 'postgresql'].map(buildClient));
  return made.includes(true);
}

function buildClient(database: string): Promise<boolean> {
  const schema = join(ROOT, 'prisma', database, 'schema.prisma');
  const config = join(ROOT, '.config/prisma.ts');
  return bringUpToDate({
    folder: join(CLIENTS, database),
    from: [schema, config, require.resolve('prisma/package.json')],
    async make() {
      await run('prisma', 'prisma', ['generate', '--config', config, '--no-hints', '--schema', schema]);
    },
  });
}

/** Compiles `src` into `dist`, and generates the clients before. @returns whether there was something to do. */
export async function build(): Promise<boolean> {
  const generated = await buildClients();
  const compiled = await compile(ROOT, [INSTALLED]);
  return generated || compiled;
}

/**
 * Compiles `src` into `dist` as `tsconfig.build.json` says. A change costs the compilation of what it touches.
 * @param root the folder of all three.
 * @param dependencies what else the result depends on.
 * @returns whether there was something to do.
 */
export function compile(root: string, dependencies: readonly string[] = []): Promise<boolean> {
  const [source, folder, project] = [
    join(root, 'src'),
    join(root, 'dist'),
    join(root, 'tsconfig.build.json'),
  ];
  return bringUpToDate({
    folder,
    from: [source, project, join(root, 'tsconfig.json'), ...dependencies],
    counts: (file) => !file.endsWith('.md'),
    async make(intact) {
      // By this file the compiler knows what it need not write again.
      if (!intact) rmSync(join(folder, '.tsbuildinfo'), { force: true });
      await run('typescript', 'tsc', ['--project', project]);
      for (const file of filesBelow(folder)) {
        const from = join(source, relative(folder, file)).replace(/\.js$/, '.ts');
        if (!existsSync(from)) rmSync(file);
      }
      chmodSync(join(folder, 'cli.js'), 0o755);
    },
  });
}

/** Runs a package's command. @throws {Error} with what it printed, when it fails. */
async function run(name: string, command: string, args: readonly string[]): Promise<void> {
  const manifest = require.resolve(`${name}/package.json`);
  const { bin } = JSON.parse(readFileSync(manifest, 'utf8')) as { bin: Record<string, string> };
  const script = join(dirname(manifest), bin[command] ?? '');
  try {
    await promisify(execFile)(process.execPath, [script, ...args], { cwd: ROOT, maxBuffer: 2 ** 26 });
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${command} failed:\n${stdout}${stderr}`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await (process.argv[2] === 'clients' ? buildClients() : build());
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 1;
  }
}
