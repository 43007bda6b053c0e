import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { vernemq } from '../../../src/brokers/vernemq/dialect.ts';
import { createGuard } from '../../../src/server/webhooks/guard.ts';

test('deploy/vernemq has all six hooks ask where we answer, with a secret', () => {
  const text = readFileSync(new URL('../../../deploy/vernemq/vernemq.conf', import.meta.url), 'utf8');
  const hooks = new Map<string, Map<string, string>>();
  for (const [, hook = '', option = '', value = ''] of text.matchAll(
    /^vmq_webhooks\.(\w+)\.(\w+) = (.*)$/gm,
  )) {
    hooks.set(hook, (hooks.get(hook) ?? new Map()).set(option, value));
  }
  const asked = [...hooks.values()].map((options) => options.get('hook')).sort();
  const versions = ['publish', 'register', 'subscribe'].flatMap((what) => [what, `${what}_m5`]);
  assert.deepEqual(
    asked,
    versions.map((what) => `auth_on_${what}`),
  );
  for (const options of hooks.values()) {
    const url = new URL(options.get('endpoint') ?? '');
    assert.ok(vernemq.endpoints.some(({ path }) => path === url.pathname));
    const authorization = `Basic ${Buffer.from(`${url.username}:${url.password}`).toString('base64')}`;
    assert.ok(createGuard(['CHANGE-ME-at-least-16-characters'])({ authorization }, undefined));
    assert.ok(Number(options.get('response_timeout')) <= 5_000);
    const hook = options.get('hook') ?? '';
    if (hook.includes('publish')) assert.equal(options.get('no_payload'), 'on');
    assert.equal(options.get('base64encode') ?? 'on', 'on');
  }
  for (const line of ['allow_anonymous = off', 'plugins.vmq_passwd = off', 'plugins.vmq_acl = off']) {
    assert.ok(text.includes(`\n${line}\n`), line);
  }
  // With the certificate forwarded, a listener that admits clients without one crashes the plugin.
  assert.match(text, /require_certificate = on\n#listener\.ssl\.default\.forward_connection_opts = on\n/);
});
