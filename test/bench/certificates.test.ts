import assert from 'node:assert/strict';
import { test } from 'node:test';
import { certificateThroughput } from './certificates.ts';

/* That the benchmark runs and every request of it is let in; how fast is for a quiet machine to say. */
test('known certificates in three forms beside known tokens', async (context) => {
  const figures = await certificateThroughput({ rounds: 1, milliseconds: 200, connections: 8 });
  assert.deepEqual(
    figures.map(({ name }) => name),
    ['EMQX, token', 'EMQX, cert_pem', 'generic, token', 'generic, DER in the body', 'generic, nginx header'],
  );
  for (const { name, requestsPerSecond, ofToken } of figures) {
    assert.ok(requestsPerSecond > 0 && ofToken > 0, name);
    context.diagnostic(`${name}: ${requestsPerSecond} requests/s, ${ofToken.toFixed(2)} of a token`);
  }
});
