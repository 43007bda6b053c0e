import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { rmqtt } from '../../../src/brokers/rmqtt/dialect.ts';
import { SECRET_HEADER } from '../../../src/server/webhooks/guard.ts';
import { goldenBytes } from '../../support/golden.ts';

function deployed(file: string): string {
  return readFileSync(new URL(`../../../deploy/rmqtt/${file}`, import.meta.url), 'utf8');
}

/** The names that RMQTT sends, in any order. */
function capturedNames(file: string): string[] {
  const request = goldenBytes(`captures/rmqtt/${file}`).toString('utf8');
  return Object.keys(JSON.parse(request.slice(request.indexOf('\r\n\r\n'))));
}

test('deploy/rmqtt sends what the captures hold, to where we answer, with a secret', () => {
  const config = deployed('rmqtt-auth-http.toml');
  for (const [step, file, added] of [
    // The address is shipped for topics only, and useful at login.
    ['auth', 'auth-post-json--basic.http', ['ipaddr']],
    ['acl', 'acl-post-json--pub.http', []],
  ] as const) {
    const of = (name: string) =>
      new RegExp(`^http_${step}_req\\.${name} = (.*)$`, 'm').exec(config)?.[1] ?? '';
    const path = /^"http:\/\/127\.0\.0\.1:8080(.*)"$/.exec(of('url'))?.[1];
    assert.ok(rmqtt.endpoints.some((one) => one.path === path && one.methods.includes('POST')));
    assert.equal(of('method'), '"post"');
    assert.equal(of('headers'), '{ content-type = "application/json" }');
    const names = [...of('params').matchAll(/(\w+) = "%\w"/g)].map(([, name]) => name);
    assert.deepEqual(names.sort(), [...capturedNames(file), ...added].sort());
  }
  const headers = [...config.matchAll(/^http_headers\.([\w-]+) = /gm)].map(([, name]) => name?.toLowerCase());
  assert.ok(headers.includes(SECRET_HEADER));
  assert.match(config, /^deny_if_error = true$/m);
  assert.match(config, /^disconnect_if_expiry = true$/m);
});

test('deploy/rmqtt leaves nobody to a plugin that accepts everybody, or unasked', () => {
  const rules = /rules = \[\n([\s\S]*?)\n\]/.exec(deployed('rmqtt-acl.toml'))?.[1]?.trim();
  assert.equal(rules, '["deny", "all"]');
  const broker = deployed('rmqtt.toml');
  const listeners = new Set([...broker.matchAll(/^listener\.(\w+\.\w+)\.addr/gm)].map(([, name]) => name));
  assert.ok(listeners.size > 0);
  for (const listener of listeners)
    assert.ok(broker.includes(`listener.${listener}.allow_anonymous = false\n`));
  assert.match(broker, /^plugins\.default_startups = \["rmqtt-auth-http"\]$/m);
});
