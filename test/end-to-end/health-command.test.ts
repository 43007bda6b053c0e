import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { Installation } from '../support/process.ts';

test('the health command asks the server on this machine, and fails where there is none', async () => {
  const server = await new Installation().serve();
  const environment = { THINGPASS_PORT: String(server.port) };
  const asking = new Installation(environment);
  assert.deepEqual(await asking.run(['health']), { code: 0, stdout: 'ok\n', stderr: '' });
  assert.deepEqual(await asking.json('health', '--live'), { status: 'ok' });
  const everywhere = new Installation({
    ...environment,
    THINGPASS_HOST: '0.0.0.0',
    THINGPASS_SECRET: 'x'.repeat(16),
  });
  assert.equal((await everywhere.run(['health'])).code, 0);
  assert.equal(await server.stop(), 0);
  const gone = await asking.run(['health']);
  assert.equal(gone.code, 1);
  assert.match(gone.stderr, /does not answer: .*ECONNREFUSED/);
});

test('a server that is not ready is told apart from one that is not alive', async (t) => {
  const server = createServer((request, response) => {
    const isLive = request.url === '/livez';
    response.writeHead(isLive ? 200 : 503).end(JSON.stringify({ status: isLive ? 'ok' : 'stopping' }));
  }).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const asking = new Installation({ THINGPASS_PORT: String((server.address() as AddressInfo).port) });
  assert.deepEqual(await asking.run(['health']), { code: 1, stdout: '', stderr: 'not ready: stopping\n' });
  assert.equal((await asking.run(['health', '--live'])).code, 0);
});
