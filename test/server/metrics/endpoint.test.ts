import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../../storage/support/eventually.ts';
import { readMetrics } from '../../support/metrics-of.ts';
import { Installation } from '../../support/process.ts';
import { startTestServer } from '../../support/server.ts';

test('what was decided shows in /metrics, and nobody by name', async (t) => {
  const server = await startTestServer();
  t.after(() => server.close());
  const secret = 'token-that-must-not-show';
  for (let index = 0; index < 3; index++) {
    await fetch(`${server.url}/v1/connect`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username: secret, clientId: 'client-that-must-not-show' }),
    });
  }
  const response = await fetch(`${server.url}/metrics`);
  assert.equal(response.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
  const text = await response.text();
  const metrics = readMetrics(text);
  const denied =
    'thingpass_decisions_total{broker="generic",kind="connect",result="deny",reason="credentials_unknown"}';
  assert.equal(metrics.get(denied), 3);
  assert.equal(metrics.get('thingpass_decision_duration_seconds_count{broker="generic",kind="connect"}'), 3);
  assert.equal(metrics.get('thingpass_cache_lookups_total{database="own",result="known"}'), 2);
  assert.equal(metrics.get('thingpass_cache_lookups_total{database="own",result="asked"}'), 1);
  assert.equal(metrics.get('thingpass_database_up{database="own"}'), 1);
  assert.equal(metrics.get('thingpass_changes_heard{database="own"}'), 1);
  assert.ok((metrics.get('thingpass_resident_memory_bytes') ?? 0) > 1e7);
  assert.ok((metrics.get('thingpass_cpu_seconds_total') ?? 0) > 0);
  assert.ok(!text.includes('must-not-show'));
  assert.ok([...metrics.values()].every(Number.isFinite), text);
});

test('what runs out is counted by a timer and shows, of several processes once', async (t) => {
  const installation = new Installation();
  await installation.run(['device', 'create', 'meter']);
  const notAfter = new Date(Date.now() + 3 * 86_400_000).toISOString();
  await installation.run(['credentials', 'revoke', 'meter']);
  await installation.run(['credentials', 'add', 'meter', '--not-after', notAfter]);
  for (const workers of ['1', '2']) {
    installation.environment.THINGPASS_WORKERS = workers;
    const server = await installation.serve();
    t.after(() => server.stop());
    await eventually(async () => {
      const metrics = readMetrics(await (await fetch(`${server.url}/metrics`)).text());
      const counted = (kind: string, within: string) =>
        metrics.get(`thingpass_credentials_expiring{kind="${kind}",within="${within}"}`);
      assert.deepEqual(
        [counted('credentials', '1d'), counted('credentials', '7d'), counted('credentials', '30d')],
        [0, 1, 1],
      );
      assert.equal(counted('authority', '30d'), 0);
      assert.ok((metrics.get('thingpass_expiry_checked_seconds') ?? 0) > 1.7e9);
      assert.equal(metrics.get('thingpass_expiry_notices_total'), 0);
    }, 60_000);
    await server.stop();
  }
});
