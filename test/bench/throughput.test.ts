import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Installation } from '../support/process.ts';

/*
 * One line about speed in every test run, so that a change that makes it slow is seen the same day. It asserts that the
 * figures are there, not how large they are: machines differ and share.
 */
test('a known token beside an empty Fastify route', async (context) => {
  const installation = new Installation();
  const { secret } = await installation.json<{ secret: string }>('device', 'create', 'measured');
  const server = await installation.serve();
  const script = fileURLToPath(new URL('../support/throughput.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', script, server.url, secret]);
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk;
  });
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk;
  });
  await new Promise((resolve) => child.once('exit', resolve));
  await server.stop();
  assert.equal(errors, '');
  const { token, empty, refused } = JSON.parse(output) as { token: number; empty: number; refused: number };
  assert.equal(refused, 0, 'the token is let in every time');
  assert.ok(token > 0 && empty > 0);
  const line = `known token: ${Math.round(token)} requests/s, ${(token / empty).toFixed(2)} of an empty Fastify route`;
  context.diagnostic(line);
  console.log(line);
});
