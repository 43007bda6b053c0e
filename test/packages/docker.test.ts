import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ServerProcess } from '../support/process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { execForm, type Instruction, readStages } from './dockerfile.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const [build = [], image = []] = readStages(join(ROOT, 'deploy/docker/Dockerfile'));
const run = promisify(execFile);

/** `COPY a b target`: the last word is where to. */
function copy(text: string, from: string, to: string): void {
  const words = text.split(' ').filter((word) => !word.startsWith('--'));
  const target = words.pop() ?? '';
  for (const word of words) {
    const source = join(from, word);
    assert.ok(existsSync(source), `COPY ${text}: there is no ${word}`);
    cpSync(source, target.endsWith('/') ? join(to, basename(word)) : join(to, target), {
      recursive: true,
      // Made by the build, and kept out by the .dockerignore.
      filter: (path) => !path.includes('src/storage/generated'),
    });
  }
}

async function execute(steps: readonly Instruction[], folder: string): Promise<void> {
  for (const { name, text } of steps) {
    if (name === 'COPY') copy(text, ROOT, folder);
    if (name === 'RUN') await run('/bin/sh', ['-c', text], { cwd: folder });
  }
}

test('the steps of the Dockerfile, run in a clean folder, make an image that serves', async (t) => {
  const built = temporaryFolder();
  await execute(build, built);

  // The second stage: what it copies, laid out as in the image, nothing of it writable.
  const root = temporaryFolder();
  const home = join(root, 'thingpass');
  const data = join(root, 'data');
  mkdirSync(home);
  mkdirSync(data);
  for (const { name, text } of image) {
    if (name !== 'COPY') continue;
    const words = text.split(' ').filter((word) => !word.startsWith('--'));
    const source = join(built, (words[0] ?? '').replace('/thingpass/', ''));
    assert.ok(existsSync(source), `COPY ${text}: the build does not make it`);
    if (words[1] === '/data') continue;
    cpSync(source, join(home, words[1] === './' ? basename(source) : (words[1] ?? '')), {
      recursive: true,
    });
  }
  assert.ok(!readdirSync(join(home, 'node_modules')).includes('typescript'), 'no tools in the image');
  chmodSync(home, 0o555);

  const [node, ...entry] = execForm(image, 'ENTRYPOINT');
  assert.equal(node, '/nodejs/bin/node');
  const environment = {
    THINGPASS_HOST: '0.0.0.0',
    THINGPASS_PORT: '0',
    THINGPASS_SECRET: 'a-secret-of-the-broker',
    DATABASE_URL: `file:${join(data, 'thingpass.db')}`,
  };
  const server = new ServerProcess(
    spawn(process.execPath, [...entry, ...execForm(image, 'CMD')], { cwd: home, env: environment }),
  );
  t.after(() => server.stop());
  await server.listening;

  const [, ...check] = execForm(image, 'HEALTHCHECK');
  const health = await run(process.execPath, check, {
    cwd: home,
    env: { ...environment, THINGPASS_PORT: String(new URL(server.url).port) },
  });
  assert.equal(health.stdout, 'ok\n');
});

test('the image runs as nobody in particular, without a shell', () => {
  const [from] = image;
  assert.match(from?.text ?? '', /^gcr\.io\/distroless\/nodejs\d+-debian13:nonroot$/);
  assert.ok(!image.some(({ name }) => name === 'RUN'), 'nothing there could run it');
  const nodeOfBuild = /node:(\d+)/.exec(build[0]?.text ?? '')?.[1];
  assert.equal(nodeOfBuild, /nodejs(\d+)/.exec(from?.text ?? '')?.[1], 'one Node.js builds and serves');
});
