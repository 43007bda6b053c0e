import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { before, test } from 'node:test';
import { testFiles } from '../runner/files.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { ROOT, readDocument } from './markdown.ts';

/*
 * CONTRIBUTING's "Add a broker", followed to the letter in a copy of the project: the compiler names what is missing, the code of the
 * document compiles, and the tests of all brokers let its devices in and nobody else.
 */

const BROKERS = 'src/model/question.ts';
const NODE = ['--import', 'tsx'];

/** The blocks that the document gives a file, by its path. */
const FILES = new Map(
  readDocument('CONTRIBUTING.md').blocks.flatMap(({ mark, text }) => {
    const [, path] = /^file: (\S+)$/.exec(mark ?? '') ?? [];
    return path === undefined ? [] : [[path, `${text}\n`] as const];
  }),
);

const copy = temporaryFolder();

before(() => {
  for (const name of [
    'src',
    'test',
    'deploy',
    'prisma',
    'package.json',
    'tsconfig.json',
    '.env.example',
    '.config',
  ])
    cpSync(ROOT + name, join(copy, name), {
      recursive: true,
      filter: (path) => !path.endsWith('/test/golden'),
    });
  for (const name of ['node_modules', 'test/golden']) symlinkSync(ROOT + name, join(copy, name));
});

interface Ran {
  readonly code: number;
  readonly output: string;
}

/** Runs Node in the copy; a program of the tests' own kind must not take this one's reports for its own. */
function run(...args: readonly string[]): Promise<Ran> {
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      args,
      { cwd: copy, env, timeout: 300_000, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code ?? 1), output: `${stdout}${stderr}` });
      },
    );
  });
}

async function runs(...args: readonly string[]): Promise<void> {
  const { code, output } = await run(...args);
  assert.equal(code, 0, output.slice(-4_000));
}

const script = (name: string): string[] => {
  const { scripts } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as {
    scripts: Record<string, string>;
  };
  const [program, ...args] = (scripts[name] ?? '').split(' ');
  assert.equal(program, 'node', name);
  return args;
};
const types = (): Promise<Ran> => run('node_modules/typescript/bin/tsc', '--noEmit');

test('six files are written by hand', () => {
  assert.deepEqual([BROKERS, ...FILES.keys()].sort(), [
    'deploy/example/README.md',
    'src/brokers/example/dialect.ts',
    'src/brokers/example/example.md',
    'src/model/question.ts',
    'src/tools/broker-simulator/example.ts',
    'src/tools/product-config/example/write.ts',
  ]);
});

test('with the name alone, the compiler names the three files of code that are missing', async () => {
  const path = join(copy, BROKERS);
  const text = readFileSync(path, 'utf8').replace(/(BROKER_PRODUCTS = \[[^\]]*)\]/, "$1  'example',\n]");
  assert.match(text, /'example',\n\]/);
  writeFileSync(path, text);

  await runs(...script('registries'));
  const { output } = await types();
  const missing = [...output.matchAll(/^(\S+?)\(.*Cannot find module '(.*example.*)'/gm)].map(
    ([, file = '', module = '']) => join(dirname(file), module),
  );
  assert.deepEqual(missing.sort(), [...FILES.keys()].filter((file) => file.endsWith('.ts')).sort(), output);
});

test('then the tests say in a sentence each what else is missing', async () => {
  write((file) => file.endsWith('.ts'));
  const { code, output } = await types();
  assert.equal(code, 0, output);
  const told = await run(...NODE, '--test', 'test/brokers/registry.test.ts');
  assert.notEqual(told.code, 0);
  for (const sentence of [
    'write down what example sends, and what each answer makes it do, in src/brokers/example/example.md',
    'run npm run deploy-files, which writes deploy/example',
    'record requests of a real example in test/golden/captures/example, or say in its contract',
  ])
    assert.ok(told.output.includes(sentence), `${sentence}\n${told.output}`);
});

test('with all six, the tests of all brokers pass: its devices come in, and nobody else', async () => {
  write(() => true);
  await runs(...script('deploy-files'));
  await runs(...script('openapi'));
  await runs(
    ...NODE,
    '--test',
    ...[
      'brokers/registry',
      'broker-simulator/run',
      'product-config/deploy',
      'made-up-clients',
      'provisioning-sessions',
      'mounted-brokers',
    ].map(testFile),
  );
});

test('without a passport, certificate clients connect and are refused every topic, as the document warns', async () => {
  const path = 'src/brokers/example/dialect.ts';
  const dialect = FILES.get(path) as string;
  writeFileSync(join(copy, path), dialect.replace('  carriesPassport: true,\n', ''));
  const { code, output } = await run(
    ...NODE,
    '--test',
    '--test-name-pattern',
    'example|certificate of its own|password of its own|token of its own',
    'test/end-to-end/made-up-clients.test.ts',
  );
  assert.notEqual(code, 0);
  const example = /# Subtest: example\n[\s\S]*?(?=\n# Subtest: |$)/.exec(output)?.[0] ?? '';
  const failed = [...example.matchAll(/^ +not ok \d+ - (.*)$/gm)].map(([, name]) => name);
  assert.ok(failed.includes('with a certificate of its own and another’s names'), output);
  // It connects: what fails is the first of its own topics.
  assert.match(example, /publish devices\//, output);
});

/** The one test file whose path ends so. */
function testFile(end: string): string {
  const found = testFiles().filter((file) => file.endsWith(`/${end}.test.ts`));
  assert.equal(found.length, 1, `${end}: ${found.join(', ')}`);
  return found[0] as string;
}

function write(wanted: (file: string) => boolean): void {
  for (const [file, text] of FILES) {
    if (!wanted(file)) continue;
    mkdirSync(dirname(join(copy, file)), { recursive: true });
    writeFileSync(join(copy, file), text);
  }
}
