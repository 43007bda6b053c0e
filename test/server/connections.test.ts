import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { eventually } from '../storage/support/eventually.ts';
import { startTestServer } from '../support/server.ts';

/** Over a connection of its own: `fetch` waits for ever where one is closed before it could ask. */
async function metricsOf(url: string): Promise<string> {
  const request = get(`${url}/metrics`, { agent: false });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return text(response);
}

test('connections beyond the bound are closed at once, and the others are served', async (t) => {
  const server = await startTestServer({ THINGPASS_MOST_CONNECTIONS: '3' });
  const open = () => connect(server.port, '127.0.0.1').on('error', () => undefined);
  const kept = [open(), open(), open()];
  t.after(() => {
    for (const socket of kept) socket.destroy();
    return server.close();
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
    const metrics = await metricsOf(server.url);
    assert.match(metrics, /^thingpass_connections 3$/m);
    assert.match(metrics, /^thingpass_connections_refused_total [1-9]\d*$/m);
  }, 5_000);
});
