import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/*
 * The bench runs in every test run, briefly, so that a change that makes it slow or breaks it is seen the same day. It asserts
 * that the figures are there and were measured with right answers, not how large they are: machines differ and share.
 */
test('the bench measures', async (context) => {
  const script = fileURLToPath(new URL('./run.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', script, '--quick', '--json'],
    { maxBuffer: 1 << 20 },
  );
  const { ratios, missing } = JSON.parse(stdout) as { ratios: Record<string, number>; missing: string[] };
  assert.equal(ratios['empty Fastify route'], 1);
  const names = ['known token', 'known basic', 'known certificate', 'denied', 'topic check', 'cold, SQLite'];
  for (const name of names) assert.ok((ratios[name] ?? 0) > 0, name);
  assert.ok((ratios['cold, PostgreSQL'] ?? 0) > 0 || missing.length === 1);
  context.diagnostic(`of an empty Fastify route: ${JSON.stringify(ratios)}`);
});
