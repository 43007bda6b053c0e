import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { PROVISIONING_TREE } from '../../../src/brokers/emqx/replies.ts';
import { emqx4 } from '../../../src/brokers/emqx4/dialect.ts';
import type { Allow } from '../../../src/model/decision.ts';
import { SECRET_HEADER } from '../../../src/server/webhooks/guard.ts';
import { PLAIN_SETTINGS } from '../../support/broker-settings.ts';
import { ALLOW } from '../../support/decisions.ts';
import { connect, json, placeholder, scram, topic } from '../../support/emqx.ts';
import { attemptOf, endpointAt, post } from '../../support/questions.ts';

function deployed(path: string): string {
  return readFileSync(new URL(`../../../deploy/${path}`, import.meta.url), 'utf8');
}

/** The names in the `body { … }` behind a URL of ours, in HOCON, each with its template. */
function bodyNames(config: string, path: string): Map<string, string> {
  const source = config.slice(config.indexOf(`:8080${path}"`));
  const start = source.indexOf('body {');
  const body = source.slice(start, source.indexOf('}\n', start));
  return new Map(
    [...body.matchAll(/^\s+(\w+) = "(.*)"$/gm)].map(([, name = '', value = '']) => [name, value]),
  );
}

test('deploy/emqx makes EMQX send what was captured, to where we answer', () => {
  const config = deployed('emqx/emqx.conf');
  for (const [{ path, read }, file, count] of [
    [connect, '03-all-username-only-01.http', 8],
    [topic, '20-tls-plain-json-02.http', 8],
  ] as const) {
    const request = readFileSync(
      new URL(`../../golden/captures/emqx/6.2.2/${file}`, import.meta.url),
      'utf8',
    );
    const captured = JSON.parse(request.slice(request.indexOf('\r\n\r\n')));
    const names = bodyNames(config, path);
    assert.equal(names.size, count);
    for (const [name, template] of names) {
      assert.equal(template, placeholder(name.replace('__', '.')));
      // The capture's own attribute is another one.
      assert.ok(name in captured || name === 'client_attrs__thingpass', name);
    }
    const sent = Object.fromEntries([...names.keys()].map((name) => [name, `the ${name}`]));
    const question = read(
      json({ ...sent, ...(path === topic.path && { action: 'publish' }) }),
      PLAIN_SETTINGS,
    );
    const claim = question.kind === 'topic' ? question.accesses[0] : attemptOf(question);
    assert.deepEqual([claim?.clientId, claim?.username], ['the clientid', 'the username']);
    if (question.kind === 'topic')
      assert.equal(question.accesses[0]?.passport, 'the client_attrs__thingpass');
    else assert.equal(attemptOf(question).password, 'the password');
  }
  assert.equal(
    config.split(`\n      ${SECRET_HEADER} = `).length + config.split(`\n        ${SECRET_HEADER} = `).length,
    4,
  );
  assert.match(config, /\n {2}no_match = deny\n/);
  assert.equal(config.split('node_cache.enable = false').length, 3);
  assert.match(config, /\n {4}verify = verify_peer\n {4}fail_if_no_peer_cert = true\n/);
  assert.ok(config.includes(`  # mountpoint = "devices/${placeholder('client_attrs.thingpass_device')}/"\n`));
  // 5.8 knows neither in the authorizer, and then leaves the passport's placeholder as it is too.
  assert.doesNotMatch(config.slice(config.indexOf('authorization {')), /\{(listener|zone|peerport)\}/);
});

test('deploy/emqx4 sends form fields that we read, to where we answer, and asks for no superusers', () => {
  const config = new Map(
    deployed('emqx4/emqx_auth_http.conf')
      .split('\n')
      .filter((line) => line.startsWith('auth.http.'))
      .map((line): [string, string] => {
        const equals = line.indexOf(' = ');
        return [line.slice('auth.http.'.length, equals), line.slice(equals + 3)];
      }),
  );
  for (const [request, path] of [
    ['auth_req', '/emqx4/auth'],
    ['acl_req', '/emqx4/acl'],
  ] as const) {
    assert.equal(config.get(`${request}.url`), `http://127.0.0.1:8080${path}`);
    assert.equal(config.get(`${request}.method`), 'post');
    assert.equal(config.get(`${request}.headers.content-type`), 'application/x-www-form-urlencoded');
    assert.ok(config.has(`${request}.headers.${SECRET_HEADER}`));
    const params = config.get(`${request}.params`) ?? '';
    assert.match(params, /^(\w+=%[A-Za-z],)+\w+=%[A-Za-z]$/);
    const question = endpointAt(emqx4, path).read(
      post(params.replaceAll(',', '&').replace('%A', '2')),
      PLAIN_SETTINGS,
    );
    const claim = question.kind === 'topic' ? question.accesses[0] : attemptOf(question);
    assert.deepEqual([claim?.clientId, claim?.username], ['%c', '%u']);
    assert.deepEqual([claim?.peerAddress, claim?.listener], ['%a', '%p']);
    if (question.kind === 'topic') assert.equal(question.accesses[0]?.topic, '%t');
    else assert.equal(attemptOf(question).password, '%P');
  }
  assert.ok([...config.keys()].every((name) => !name.startsWith('super_req')));
});

test('deploy/emqx asks for the SCRAM keys that its authenticator can use', () => {
  const commented = deployed('emqx/emqx.conf')
    .split('\n')
    .filter((line) => line.startsWith('  # '))
    .map((line) => line.slice(4))
    .join('\n');
  const names = bodyNames(commented, scram.path);
  const sent = Object.fromEntries(
    [...names].map(([name, text]) => [name, text.startsWith('$') ? `the ${name}` : text]),
  );
  const question = scram.read(json(sent), PLAIN_SETTINGS);
  assert.ok(question.kind === 'scram');
  const { algorithm, iterations, username, clientId, listener } = question.attempt;
  assert.deepEqual([username, clientId, listener], ['the username', 'the clientid', 'the listener']);
  assert.match(
    commented,
    new RegExp(`\n {2}algorithm = ${algorithm}\n {2}iteration_count = ${iterations}\n`),
  );
  assert.match(commented, new RegExp(`${SECRET_HEADER} = "`));
});

test('deploy/emqx forwards what a provisioning session publishes below its mount point', () => {
  const config = deployed('emqx/provisioning.conf');
  const mountPoint = /# mountpoint = "(.*)"/.exec(deployed('emqx/emqx.conf'))?.[1] ?? '';
  const session: Allow = { ...ALLOW, role: 'provisioning_session', passport: 'sealed' };
  const { client_attrs: attributes } = JSON.parse(connect.answer(session, undefined).body);
  const mounted = mountPoint.replace(/\$\{client_attrs\.(\w+)\}/, (_, name: string) => attributes[name]);
  assert.match(mounted, PROVISIONING_TREE);
  const filter = /FROM "(.*)" """/.exec(config)?.[1] ?? '';
  const topic = `${mounted}/provision/request`;
  assert.equal(topic.replace(attributes.thingpass_device, '+'), filter);
  const selected = /SELECT (.*) FROM/.exec(config)?.[1]?.split(', ');
  assert.deepEqual(selected, ['clientid', 'topic', 'base64_encode(payload) as payload']);
  assert.match(config, /path = "\/emqx\/provision"/);
  assert.ok(config.includes(`${SECRET_HEADER} = `));
});
