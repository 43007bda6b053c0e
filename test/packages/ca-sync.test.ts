import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Installation, type ServerProcess } from '../support/process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/*
 * Folders stand for nodes: each has a CA file, and a "broker" that writes down what it would have read at each reload.
 */

const SCRIPT = fileURLToPath(new URL('../../deploy/nanomq/ca-sync.sh', import.meta.url));
const certificates = temporaryFolder();

function authority(name: string, days: number): string {
  const file = join(certificates, name);
  const subject = ['-subj', `/CN=${name}`, '-addext', 'basicConstraints=critical,CA:TRUE'];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', `${file}.key`];
  execFileSync('openssl', ['req', '-x509', ...key, ...subject, '-days', String(days), '-out', file], {
    stdio: 'pipe',
  });
  return readFileSync(file, 'utf8');
}
const OLD = authority('old', 30);
const NEXT = authority('next', 60);

class Node {
  readonly folder: string;
  readonly file: string;
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
    this.folder = join(temporaryFolder(), name);
    this.file = join(this.folder, 'ca.pem');
    mkdirSync(this.folder);
  }

  sync(
    url: string,
    key: string,
    reload = `cp "${this.file}" "${this.folder}/read"`,
  ): Promise<{ code: number; errors: string }> {
    const keyFile = join(this.folder, 'key');
    writeFileSync(keyFile, `${key}\n`);
    const env = {
      PATH: process.env.PATH ?? '',
      THINGPASS_URL: url,
      CA_BUNDLE: 'cloud',
      CA_FILE: this.file,
      THINGPASS_KEY_FILE: keyFile,
      THINGPASS_NODE: this.#name,
      RELOAD: reload,
    };
    return new Promise((resolve) => {
      execFile('sh', [SCRIPT], { env }, (error, _output, errors) =>
        resolve({ code: error ? Number(error.code) : 0, errors }),
      );
    });
  }

  get content(): string {
    return existsSync(this.file) ? readFileSync(this.file, 'utf8') : '';
  }

  /** What the broker read at its last reload. */
  get read(): string {
    const file = join(this.folder, 'read');
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }
}

const installation = new Installation();
let server: ServerProcess;
let key: string;

before(async () => {
  key = (await installation.json<{ key: string }>('api-key', 'create', 'edges', '--scope', 'read')).key;
  await installation.json('ca-bundle', 'add', 'cloud', join(certificates, 'old'));
  server = await installation.serve();
});
after(() => server.stop());

test('an authority is replaced on every node before the old one is removed', async () => {
  const nodes = ['edge-1', 'edge-2', 'edge-3'].map((name) => new Node(name));
  for (const node of nodes) {
    assert.deepEqual(await node.sync(server.url, key), { code: 0, errors: '' });
    assert.equal(node.content, OLD);
    assert.equal(node.read, OLD);
  }
  await installation.json('ca-bundle', 'add', 'cloud', join(certificates, 'next'));
  const [first, second, third] = nodes as [Node, Node, Node];
  await first.sync(server.url, key);
  await second.sync(server.url, key);
  assert.equal(first.content, NEXT + OLD);

  const shown = await installation.json<{ certificates: { subject: string; sha256: string }[] }>(
    'ca-bundle',
    'show',
    'cloud',
  );
  const old = shown.certificates.find(({ subject }) => subject === 'CN=old')?.sha256 ?? '';
  const refused = await installation.run(['ca-bundle', 'retire', 'cloud', old]);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /1 nodes have not fetched.*: edge-3;/);
  await third.sync(server.url, key);
  assert.equal((await installation.run(['ca-bundle', 'retire', 'cloud', old])).code, 0);
  for (const node of nodes) {
    await node.sync(server.url, key);
    assert.equal(node.read, NEXT);
    assert.deepEqual(
      readdirSync(node.folder).filter((file) => /new|header/.test(file)),
      [],
      'nothing is left over',
    );
  }
  const next = shown.certificates.find(({ subject }) => subject === 'CN=next')?.sha256 ?? '';
  const last = await installation.run(['ca-bundle', 'retire', 'cloud', next, '--force']);
  assert.match(last.stderr, /last one/);
});

test('an unchanged bundle is not downloaded again, and the broker is not restarted', async () => {
  const node = new Node('edge-4');
  await node.sync(server.url, key);
  writeFileSync(join(node.folder, 'read'), 'untouched');
  assert.deepEqual(await node.sync(server.url, key), { code: 0, errors: '' });
  assert.equal(node.read, 'untouched');
});

test('the file stays if the key is missing or wrong, or the server is down', async () => {
  const node = new Node('edge-5');
  await node.sync(server.url, key);
  const before = node.content;
  const wrong = await node.sync(server.url, 'tp_wrong');
  assert.deepEqual([wrong.code, /answered 401/.test(wrong.errors)], [1, true]);
  const away = await node.sync('http://127.0.0.1:1', key);
  assert.deepEqual([away.code, /cannot be fetched/.test(away.errors)], [1, true]);
  assert.equal(node.content, before);
  assert.ok(!wrong.errors.includes(key));
});

test('truncated, empty and expired bundles never reach the broker', async (t) => {
  const expired = `${OLD}${readFileSync(fileURLToPath(new URL('../golden/pki/expired.crt.pem', import.meta.url)), 'utf8')}`;
  const bad = new Map([
    ['/truncated', NEXT.slice(0, 300)],
    ['/half', OLD + NEXT.slice(0, 300)],
    ['/empty', ''],
    ['/text', '<html>a proxy’s own page</html>'],
    ['/spoilt', NEXT.replace(/\n[A-Za-z0-9+/]{20}/, '\nAAAAAAAAAAAAAAAAAAAA')],
    ['/expired', expired],
  ]);
  const broken = createServer((request, response) => {
    response.end(bad.get((request.url ?? '').replace('/pki/cloud.pem', '')));
  }).listen(0, '127.0.0.1');
  t.after(() => broken.close());
  await new Promise((resolve) => broken.once('listening', resolve));
  const url = `http://127.0.0.1:${(broken.address() as AddressInfo).port}`;
  const node = new Node('edge-6');
  await node.sync(server.url, key);
  const good = node.content;
  writeFileSync(join(node.folder, 'read'), 'untouched');
  for (const path of bad.keys()) {
    const { code, errors } = await node.sync(url + path, key);
    assert.equal(code, 1, path);
    assert.match(errors, /stays as it is/, path);
    assert.equal(node.content, good, path);
    assert.equal(node.read, 'untouched', path);
  }
});

test('if the broker does not start with the new file, the previous one is restored', async () => {
  const node = new Node('edge-7');
  writeFileSync(node.file, OLD);
  const reload = `cp "${node.file}" "${node.folder}/read"; ! grep -q "$(sed -n 2p "${join(certificates, 'next')}")" "${node.file}"`;
  const { code, errors } = await node.sync(server.url, key, reload);
  assert.deepEqual([code, /last good one is back/.test(errors)], [1, true]);
  assert.equal(node.content, OLD);
  assert.equal(node.read, OLD);
});
