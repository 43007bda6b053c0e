import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { mosquitto } from '../../../src/brokers/mosquitto/dialect.ts';
import { nanomq } from '../../../src/brokers/nanomq/dialect.ts';
import { SECRET_HEADER } from '../../../src/server/webhooks/guard.ts';

/** The configurations that we hand out must make brokers send what the captures hold, to where we answer. */
function deployed(path: string): string {
  return readFileSync(new URL(`../../../deploy/${path}`, import.meta.url), 'utf8');
}

/** The names that NanoMQ sent in a JSON body, in order. */
function capturedNames(file: string): string[] {
  const request = readFileSync(new URL(`../../golden/captures/nanomq/${file}`, import.meta.url), 'utf8');
  return Object.keys(JSON.parse(request.slice(request.indexOf('\r\n\r\n'))));
}

test('deploy/nanomq sends what was captured', () => {
  const config = deployed('nanomq/nanomq.conf');
  for (const [block, file] of [
    ['auth', 'post-json--tls-cn.http'],
    ['acl', 'acl-post-json--tls-pub.2-acl.http'],
  ] as const) {
    const text = new RegExp(`${block}_req \\{[\\s\\S]*?\\n    \\}`).exec(config)?.[0] ?? '';
    const path = /url = "http:\/\/127\.0\.0\.1:8080(.*)"/.exec(text)?.[1];
    assert.ok(
      nanomq.endpoints.some((endpoint) => endpoint.path === path && endpoint.methods.includes('POST')),
    );
    assert.match(text, /\n\s+method = "post"\n/);
    assert.match(text, /\n\s+headers\.content-type = "application\/json"\n/);
    assert.ok(text.includes(`headers.${SECRET_HEADER} = `));

    const params = /params = \{(.*)\}/.exec(text)?.[1] ?? '';
    const names = params.split(',').map((param) => param.split('=')[0]?.trim());
    const captured = capturedNames(file);
    // The protocol name is of use at CONNECT only.
    assert.deepEqual(names, block === 'acl' ? captured.filter((name) => name !== 'protocol') : captured);
  }
  assert.match(config, /\n {2}verify_peer = true\n {2}fail_if_no_peer_cert = true\n/);
  assert.match(config, /\n {2}allow_anonymous = true\n/);
  assert.doesNotMatch(config, /cache_ttl|super_req/);
});

test('deploy/mosquitto asks where we answer, uncached, with a secret', () => {
  for (const file of ['mosquitto/mosquitto.conf', 'mosquitto/mosquitto-lhns.conf']) {
    const options = new Map<string, string>();
    for (const line of deployed(file).split('\n')) {
      if (line === '' || line.startsWith('#')) continue;
      const space = line.indexOf(' ');
      options.set(line.slice(0, space).replace('auth_opt_', ''), line.slice(space + 1));
    }
    for (const option of ['http_getuser_uri', 'http_aclcheck_uri']) {
      assert.ok(mosquitto.endpoints.some(({ path }) => path === options.get(option)));
    }
    assert.equal(options.get('cache'), 'false');
    assert.equal(options.get('retry_count'), '1');
    assert.equal(options.get('disable_superuser'), 'true');
    const header = [...options.keys()].find((name) => name.toLowerCase() === `http_header_${SECRET_HEADER}`);
    assert.ok(header !== undefined || options.get('http_host')?.startsWith('thingpass:'));
  }
});
