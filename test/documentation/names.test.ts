import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { after, before, test } from 'node:test';
import { readConfig } from '../../src/config/config.ts';
import { SETTINGS } from '../../src/config/settings.ts';
import { BROKER_PRODUCTS } from '../../src/model/question.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { commandLine, commandPaths, optionsOf, wrongWith } from './command-line.ts';
import { documents } from './documents.ts';
import { type Document, type Located, ROOT, readDocument } from './markdown.ts';

/* What documents name is there: files, headings, commands, options, settings, metrics, routes and scripts. */

const DOCUMENTS = documents();
const README = DOCUMENTS[0] as Document;
/** Documents about ThingPass itself; the others tell of other products' commands, files and routes. */
const OWN = DOCUMENTS.filter(
  ({ path }) => !/^src\/(?:brokers|credentials|certificates\/forwarded)/.test(path),
);
/** Variables of the tests and of `deploy/nanomq/ca-sync.sh`, not of the server. */
const NO_SETTINGS = ['THINGPASS_GOLDEN', 'THINGPASS_SOAK', 'THINGPASS_URL'];
/** An attribute of EMQX's clients and a tag of RabbitMQ's users. */
const NO_METRICS = ['thingpass_device', 'thingpass_password'];
const CALL = /(?:(?<![\w./=-])thingpass|dist\/cli\.js)( +[^|>&;#`\n]*)/g;

let server: TestServer;
before(async () => {
  server = await startTestServer({ THINGPASS_PROVISION_BROKERS: 'generic,emqx' });
});
after(() => server.close());

test('links lead to files and headings that are there', () => {
  const wrong = DOCUMENTS.flatMap((document) =>
    document.links.filter(({ text }) => !leadsSomewhere(document, text)).map(at(document)),
  );
  assert.deepEqual(wrong, []);
});

function leadsSomewhere(document: Document, link: string): boolean {
  if (/^[a-z]+:/.test(link)) return true;
  const [file = '', anchor] = link.split('#');
  const target = file === '' ? document.path : posix.join(posix.dirname(document.path), file);
  if (!existsSync(join(ROOT, target))) return false;
  return anchor === undefined || readDocument(target).anchors.has(anchor);
}

test('files of the project that documents name are there', () => {
  const isFile = /^(?:src|deploy|test|prisma|\.ci)\/[\w./-]+$/;
  const wrong = OWN.flatMap((document) =>
    document.codeSpans.filter(({ text }) => isFile.test(text) && !existsSync(ROOT + text)).map(at(document)),
  );
  assert.deepEqual(wrong, []);
});

test('settings that documents name are settings', () => {
  const known = new Set([...SETTINGS.flatMap(({ name }) => [name, `${name}_FILE`]), ...NO_SETTINGS]);
  const isThere = (name: string): boolean =>
    known.has(name) || (name.endsWith('_') && [...known].some((one) => one.startsWith(name)));
  assert.deepEqual(mentions(DOCUMENTS, /\bTHINGPASS_[A-Z0-9_]*/g, isThere), []);
});

test('environment files in documents are configurations', () => {
  for (const { path, blocks } of DOCUMENTS) {
    for (const { text, line } of blocks.filter(({ language }) => language === 'dotenv')) {
      const lines = text.split('\n').filter((one) => /^[A-Z]/.test(one));
      const environment = Object.fromEntries(lines.map((one) => one.split(/=(.*)/s).slice(0, 2)));
      const secret = { THINGPASS_SECRET: 'f3a1c59be0724d68' };
      assert.doesNotThrow(() => readConfig({ ...secret, ...environment }), `${path}:${line}`);
    }
  }
});

test('metrics that documents name are told at /metrics, and all of those are explained', async () => {
  await fetch(`${server.url}/v1/connect`, { method: 'POST' });
  const text = await (await fetch(`${server.url}/metrics`)).text();
  const isThere = (name: string): boolean =>
    NO_METRICS.includes(name) || text.includes(`\n# TYPE ${name} `) || text.includes(`\n${name}`);
  assert.deepEqual(mentions(OWN, /\bthingpass_[a-z_]+(?![a-z_]*[.:*])/g, isThere), []);

  const explained = OWN.map(detail).join();
  const families = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name as string);
  assert.deepEqual(
    families.filter((name) => !explained.includes(name)),
    [],
  );
});

test('commands and options that documents name are those of the command', async () => {
  const program = await commandLine();
  const wrong = OWN.flatMap((document) =>
    pieces(document).flatMap(({ text, line }) =>
      [...text.replaceAll('\\\n', ' ').matchAll(CALL)].flatMap(([call]) => {
        const problem = wrongWith(program, call);
        return problem === undefined ? [] : [`${document.path}:${line}: ${problem}`];
      }),
    ),
  );
  assert.deepEqual(wrong, []);

  const options = new Set([...optionsOf(program), '--json', '--help']);
  const unknown = README.codeSpans.filter(({ text }) => {
    const option = /^--[a-z0-9-]+/.exec(text)?.[0];
    return option !== undefined && !options.has(option);
  });
  assert.deepEqual(unknown.map(at(README)), []);
});

test('every command is in the README, and the commands here are those of its help', async () => {
  const program = await commandLine();
  const help = execFileSync(process.execPath, [`${ROOT}dist/cli.js`, '--help'], { encoding: 'utf8' });
  const listed = [...help.replace(/^.*Commands:/s, '').matchAll(/^ {2}([a-z-]+)/gm)].map(([, name]) => name);
  assert.deepEqual([...program.commands.map((command) => command.name()), 'help'].sort(), listed.sort());

  const named = detail(README);
  assert.deepEqual(
    commandPaths(program).filter((path) => !new RegExp(`\\b${path}\\b`).test(named)),
    [],
  );
});

test('routes that documents name are answered, and all of the API are listed', async () => {
  const pattern = new RegExp(
    `(?<![\\w/.}])/(?:api/(?:v1/|device|tenant|auth/login)|v1/(?:connect|authorize)|pki|docs|livez|readyz|metrics|forward-auth|(?:${BROKER_PRODUCTS.join('|')})/)[\\w/.{}<>-]*`,
    'g',
  );
  const paths = new Map<string, string>();
  for (const document of OWN) {
    for (const { text, line } of pieces(document)) {
      const own = text.replace(/https?:\/\/(?!127\.0\.0\.1:8080)[^/\s]+\S*/g, '').replace(/\/k\/[\w-]+/g, '');
      for (const [path] of own.replaceAll('http://127.0.0.1:8080', ' ').matchAll(pattern))
        paths.set(path, `${document.path}:${line}`);
    }
  }
  assert.ok(paths.size > 20);
  const wrong: string[] = [];
  for (const [path, place] of paths) if (!(await isAnswered(path))) wrong.push(`${place}: ${path}`);
  assert.deepEqual(wrong, []);

  const { paths: described } = JSON.parse(readFileSync(`${ROOT}deploy/openapi.json`, 'utf8'));
  const named = OWN.map(detail).join();
  assert.deepEqual(
    Object.keys(described).filter((path) => !named.includes(`/api/v1${path}`)),
    [],
  );
});

/** Whether some method leads to something: without a key, what is there says that one is needed. */
async function isAnswered(path: string): Promise<boolean> {
  const url = server.url + path.replace(/[{<][^}>]*[}>]/g, 'x');
  for (const method of ['GET', 'POST', 'PUT', 'DELETE']) {
    const answer = await fetch(url, { method });
    // Devices and keys that are not there are 404 as well.
    if (answer.status !== 404 || !/route_not_found|"error":"not found"/.test(await answer.text()))
      return true;
  }
  return false;
}

test('scripts that documents name are in package.json', async () => {
  const { scripts } = (await import('../../package.json', { with: { type: 'json' } })).default;
  const isThere = (call: string): boolean => (call.split(' ').at(-1) as string) in scripts;
  assert.deepEqual(mentions(OWN, /\bnpm run (?:--silent )?[a-z:-]+/g, isThere), []);
});

/** Blocks and code spans. */
function pieces({ blocks, codeSpans }: Document): readonly Located[] {
  return [...blocks, ...codeSpans];
}

/** Everything in the blocks and code spans of a document. */
function detail(document: Document): string {
  return pieces(document)
    .map(({ text }) => text)
    .join('\n');
}

/** Where documents name something by a pattern that is not there. */
function mentions(those: readonly Document[], pattern: RegExp, isThere: (name: string) => boolean): string[] {
  return those.flatMap((document) =>
    pieces(document).flatMap(({ text, line }) =>
      [...text.matchAll(pattern)]
        .filter(([name]) => !isThere(name))
        .map(([name]) => `${document.path}:${line}: ${name}`),
    ),
  );
}

function at({ path }: Document): (located: Located) => string {
  return ({ text, line }) => `${path}:${line}: ${text}`;
}
