import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Installation } from '../support/process.ts';

test('the deny list is kept from the command line, and a running server obeys', async () => {
  const installation = new Installation();
  const device = await installation.json<{ id: string; secret: string }>('device', 'create', 'meter');
  const server = await installation.serve();
  const connect = async (): Promise<string | undefined> => {
    const response = await fetch(`${server.url}/v1/connect`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username: device.secret }),
    });
    return ((await response.json()) as { reason?: string }).reason;
  };
  assert.equal(await connect(), undefined);
  await installation.json('deny', 'add', 'device', device.id.toUpperCase(), '--note', 'stolen');
  await until(async () => (await connect()) === 'denied_by_list');
  await installation.json('deny', 'add', 'certificate_serial', '00:1F:3A');
  const list = await installation.json<{ kind: string; value: string; note?: string }[]>('deny', 'list');
  assert.deepEqual(
    list.map(({ kind, value, note }) => [kind, value, note]),
    [
      ['certificate_serial', '1f3a', undefined],
      ['device', device.id, 'stolen'],
    ],
  );
  assert.match((await installation.run(['deny', 'list'])).stdout, /^KIND +VALUE +SINCE +NOTE/);
  await installation.json('deny', 'remove', 'device', device.id);
  await until(async () => (await connect()) === undefined);
  await server.stop();
});

test('what cannot be denied is said, with the exit code', async () => {
  const installation = new Installation();
  const ended = async (...args: string[]) => {
    const { code, stderr } = await installation.run(['deny', ...args]);
    return [code, stderr.trim()];
  };
  assert.deepEqual(await ended('add', 'device', 'meter'), [1, 'a device is denied by its id, a UUID']);
  assert.deepEqual(await ended('add', 'broker', 'x'), [
    1,
    '<kind> is one of device, certificate_sha256, certificate_serial',
  ]);
  assert.deepEqual(await ended('remove', 'certificate_serial', '1f'), [
    1,
    'certificate_serial 1f is not denied',
  ]);
  assert.equal((await installation.run(['deny', 'list'])).stdout, 'nothing is denied\n');
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 5_000;
  while (!(await holds())) {
    assert.ok(performance.now() < end, 'it never came true');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
