import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { eventually } from '../../storage/support/eventually.ts';
import { startTestServer } from '../../support/server.ts';

test('connections beyond the bound are closed at once, and the others are served', async (t) => {
  const server = await startTestServer({ THINGPASS_MOST_CONNECTIONS: '3' });
  t.after(() => server.close());
  const open = () => connect(server.port, '127.0.0.1').on('error', () => undefined);
  const kept = [open(), open(), open()];
  t.after(() => {
    for (const socket of kept) socket.destroy();
  });
  await Promise.all(kept.map((socket) => once(socket, 'connect')));
  const refused = open();
  let received = '';
  refused.on('data', (chunk) => {
    received += chunk;
  });
  refused.write('GET /livez HTTP/1.1\r\nhost: x\r\n\r\n');
  await new Promise((closed) => refused.once('close', closed));
  assert.equal(received, '');

  kept.pop()?.destroy();
  await eventually(async () => {
    const text = await (await fetch(`${server.url}/metrics`, { headers: { connection: 'close' } })).text();
    assert.match(text, /^thingpass_connections 3$/m);
    assert.match(text, /^thingpass_connections_refused_total [1-9]\d*$/m);
  });
});
