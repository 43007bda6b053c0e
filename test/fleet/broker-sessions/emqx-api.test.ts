import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { publishAtEmqx } from '../../../src/fleet/broker-sessions/emqx-api.ts';

const MESSAGE = { topic: 'a/secret/topic', payload: 'a secret', qos: 1, retain: false } as const;

/** A management API that answers with these statuses, one after the other. */
async function emqx(t: TestContext, ...statuses: readonly number[]) {
  let asked = 0;
  const server = createServer((_request, response) => {
    response.writeHead(statuses[asked++] ?? 500).end('{}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  return { api: { url: `http://127.0.0.1:${port}/api/v5`, key: 'key:secret' }, asked: () => asked };
}

test('a message is published with the first try that is answered well', async (t) => {
  for (const statuses of [[200], [500, 202]]) {
    const { api, asked } = await emqx(t, ...statuses);
    await publishAtEmqx(api, MESSAGE);
    assert.equal(asked(), statuses.length);
  }
});

test('what EMQX refuses is not asked again; what fails is, three times in all', async (t) => {
  for (const statuses of [[401], [500, 503, 500]]) {
    const { api, asked } = await emqx(t, ...statuses);
    const message = `EMQX's management API answered ${statuses.at(-1)}`;
    await assert.rejects(publishAtEmqx(api, MESSAGE), { code: 'call_failed', message });
    assert.equal(asked(), statuses.length);
  }
});
