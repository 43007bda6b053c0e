import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Issued, OpensslAuthority } from '../engine/certificates/trust/support/openssl-authority.ts';
import { Installation, type ServerProcess } from '../support/process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/* What writes goes from whichever worker is asked through the primary: devices made by a certificate's chain, and management. */

const authority = new OpensslAuthority(temporaryFolder(), { name: 'fleet' });
const installation = new Installation({
  THINGPASS_WORKERS: '2',
  THINGPASS_CERTIFICATE_FORMS: 'generic:generic_certificate',
  THINGPASS_SECRET: 'a-secret-of-the-broker',
});
let server: ServerProcess;
let key: string;

before(async () => {
  const made = ['api-key', 'create', 'tests', '--scope', 'read', 'write'] as const;
  key = (await installation.json<{ key: string }>(...made)).key;
  server = await installation.serve();
});
after(() => server?.stop());

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: the API's own tests hold bodies to its document
  readonly body: any;
}

/** Over a connection of its own, so that workers take turns. */
async function call(
  method: string,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const response = await fetch(`${server.url}/api/v1${path}`, {
    method,
    headers: {
      connection: 'close',
      authorization: `Bearer ${key}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? undefined : JSON.parse(text),
  };
}

async function connect(device: Issued): Promise<string> {
  const response = await fetch(`${server.url}/v1/connect`, {
    method: 'POST',
    headers: {
      connection: 'close',
      'content-type': 'application/json',
      'x-thingpass-secret': 'a-secret-of-the-broker',
    },
    body: JSON.stringify({
      clientId: 'c',
      certificate: device.pem,
      certificateVerified: true,
      certificateChain: [authority.own.pem],
    }),
  });
  const {
    result,
    reason,
    device: detail,
  } = (await response.json()) as {
    result: string;
    reason?: string;
    device?: { name: string };
  };
  return `${result} ${reason ?? detail?.name}`;
}

test('a device whose certificate leads to a profile is made once, and its next certificate takes over', async () => {
  const made = await call('POST', '/profiles', {
    name: 'fleet',
    provisioning: {
      type: 'X509_CERTIFICATE_CHAIN',
      certificate: authority.own.pem,
      pattern: '(.*)',
      allowCreate: true,
    },
  });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const first = authority.issue({ name: 'chained' });
  for (let count = 0; count < 4; count++) assert.equal(await connect(first), 'allow chained');
  const next = authority.issue({ name: 'chained' });
  for (let count = 0; count < 4; count++) assert.equal(await connect(next), 'allow chained');
  const { items } = (await call('GET', '/devices?profile=fleet')).body;
  assert.deepEqual(
    items.map(({ name, credentials }: { name: string; credentials: { type: string }[] }) => [
      name,
      ...credentials.map(({ type }) => type),
    ]),
    [['chained', 'X509_CERTIFICATE']],
  );
});

test('management is whole, whichever worker is asked', async () => {
  const names = ['a', 'b', 'c'].map((letter) => `managed-${letter}`);
  for (const name of names) assert.equal((await call('POST', '/devices', { name })).status, 201);
  const listed: string[] = [];
  for (let cursor = ''; ; ) {
    const { body } = await call('GET', `/devices?nameStartsWith=managed&limit=1${cursor}`);
    listed.push(...body.items.map(({ name }: { name: string }) => name));
    if (body.next === undefined) break;
    cursor = `&cursor=${body.next}`;
  }
  assert.deepEqual(listed, names, 'a cursor of one is taken by the other');

  const refusals: [string, string, unknown, number, string][] = [
    ['POST', '/devices', { name: 'managed-a' }, 409, 'name_taken'],
    ['GET', '/devices/nobody', undefined, 404, 'device_not_found'],
    ['POST', '/devices', '{"name":', 400, 'body_unreadable'],
    ['POST', '/devices', { name: 'x', more: 1 }, 400, 'request_invalid'],
    ['PATCH', '/devices', undefined, 405, 'method_not_allowed'],
    ['POST', '/devices', { name: 'x'.repeat(1_500_000) }, 413, 'body_too_large'],
  ];
  for (const [method, path, body, status, code] of refusals) {
    for (let count = 0; count < 2; count++) {
      const answer = await call(method, path, body);
      assert.deepEqual([answer.status, answer.body.type], [status, `/docs/problems#${code}`]);
    }
  }
  assert.ok((await call('PATCH', '/devices')).headers.has('allow'));

  for (const name of names) assert.equal((await call('DELETE', `/devices/${name}`)).status, 204);
  assert.equal((await call('DELETE', '/devices/managed-a')).status, 404);
});
