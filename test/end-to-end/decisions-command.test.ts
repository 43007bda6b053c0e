import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, test } from 'node:test';
import { eventually } from '../storage/support/eventually.ts';
import { CLI, Installation, type ServerProcess } from '../support/process.ts';

/* The last decisions of a server of two workers, each of which remembers its own. */

const installation = new Installation({ THINGPASS_WORKERS: '2' });
let server: ServerProcess;
let token: string;

interface Shown {
  readonly id: string;
  readonly worker: number;
  readonly outcome: string;
  readonly reason?: string;
  readonly clientId?: string;
  readonly device?: { readonly name: string };
}

before(async () => {
  token = (await installation.json<{ secret: string }>('device', 'create', 'meter')).secret;
  const { key } = await installation.json<{ key: string }>('api-key', 'create', 'k', '--scope', 'read');
  installation.environment.THINGPASS_API_KEY = key;
  server = await installation.serve();
  installation.environment.THINGPASS_PORT = String(server.port);
});
after(() => server.stop());

async function connect(clientId: string, username: string): Promise<void> {
  const response = await fetch(`${server.url}/v1/connect`, {
    method: 'POST',
    // A connection each, so that workers take turns.
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify({ clientId, username }),
  });
  await response.json();
}

const decisions = (...args: string[]): Promise<{ items: Shown[]; silent: number[] }> =>
  installation.json('decisions', ...args);

test('the decisions of all workers are listed in their order, filtered, and tell no secret', async () => {
  for (let count = 0; count < 8; count++)
    await connect(`c${count}`, count % 2 === 0 ? token : `guess-${count}`);
  const { items, silent } = await decisions();
  assert.deepEqual(silent, []);
  assert.deepEqual(
    items.map(({ clientId, outcome }) => `${clientId} ${outcome}`),
    Array.from({ length: 8 }, (_, count) => `c${count} ${count % 2 === 0 ? 'allow' : 'deny'}`),
  );
  assert.deepEqual([...new Set(items.map(({ worker }) => worker))].sort(), [1, 2]);
  const denied = await decisions('--denied', '--limit', '2');
  assert.deepEqual(
    denied.items.map(({ clientId, reason }) => `${clientId} ${reason}`),
    ['c5 credentials_unknown', 'c7 credentials_unknown'],
  );
  assert.equal((await decisions('--device', 'meter')).items.length, 4);
  assert.equal((await decisions('--device', 'c3')).items.length, 1);
  assert.equal((await decisions('--broker', 'emqx')).items.length, 0);
  assert.equal((await decisions('--since', '2100-01-01')).items.length, 0);
  const { stdout } = await installation.run(['decisions']);
  assert.match(stdout, /^\d{4}-\S+Z generic connect allow device meter client c0 user #[0-9a-f]{12}$/m);
  assert.match(stdout, /deny credentials_unknown client c7 user #[0-9a-f]{12} - /);
  assert.ok(!stdout.includes(token) && !stdout.includes('guess'));
});

test('pages of the API lead through all of them', async () => {
  const seen: string[] = [];
  for (let cursor = ''; ; ) {
    const response = await fetch(`${server.url}/api/v1/decisions?limit=3${cursor}`, {
      headers: { authorization: `Bearer ${installation.environment.THINGPASS_API_KEY}` },
    });
    const page = (await response.json()) as { items: Shown[]; next?: string };
    seen.push(...page.items.map(({ id }) => id));
    if (page.next === undefined) break;
    cursor = `&cursor=${page.next}`;
  }
  assert.equal(seen.length, 8);
  assert.equal(new Set(seen).size, 8);
});

test('whoever follows sees each decision once, as it is made, and nothing plays with the terminal', async () => {
  const child = spawn(process.execPath, [CLI, 'decisions', '--follow', '--denied'], {
    cwd: installation.folder,
    env: installation.environment,
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk;
  });
  try {
    await eventually(async () => assert.match(output, /client c7 /), 20_000);
    for (let count = 0; count < 6; count++) {
      await connect(`followed-${count}`, 'nobody');
      await connect('welcome', token);
    }
    await connect('\u001b[2J\u202ehidden', 'nobody');
    await eventually(async () => assert.match(output, /hidden/), 20_000);
    const followed = [...output.matchAll(/client (followed-\d) /g)].map(([, client]) => client);
    assert.deepEqual(followed, [
      'followed-0',
      'followed-1',
      'followed-2',
      'followed-3',
      'followed-4',
      'followed-5',
    ]);
    assert.ok(!output.includes('welcome'));
    assert.ok(output.includes('client \\u{1b}[2J\\u{202e}hidden'), output);
  } finally {
    child.kill();
  }
});
