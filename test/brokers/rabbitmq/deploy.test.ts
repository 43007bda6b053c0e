import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { rabbitmq } from '../../../src/brokers/rabbitmq/dialect.ts';
import { createGuard } from '../../../src/server/webhooks/guard.ts';

test('deploy/rabbitmq asks all four endpoints by POST, with a secret, and nobody else', () => {
  const text = readFileSync(new URL('../../../deploy/rabbitmq/rabbitmq.conf', import.meta.url), 'utf8');
  const settings = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, name, value] = /^([\w.]+)\s*=\s*(.*)$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) settings.set(name, value);
  }
  assert.deepEqual(
    [...settings.keys()].filter((name) => name.startsWith('auth_backends')),
    ['auth_backends.1'],
  );
  assert.equal(settings.get('auth_backends.1'), 'http');
  assert.equal(settings.get('auth_http.http_method'), 'post');
  assert.ok(Number(settings.get('auth_http.request_timeout')) <= 5_000);
  assert.equal(settings.get('mqtt.allow_anonymous'), 'false');

  const paths = new Set<string>();
  for (const which of ['user', 'vhost', 'resource', 'topic']) {
    const url = new URL(settings.get(`auth_http.${which}_path`) ?? '');
    paths.add(url.pathname);
    const authorization = `Basic ${Buffer.from(`${url.username}:${url.password}`).toString('base64')}`;
    assert.ok(createGuard(['CHANGE-ME-at-least-16-characters'])({ authorization }, undefined));
  }
  const endpoints = rabbitmq.endpoints.filter(({ methods }) => methods.includes('POST'));
  assert.deepEqual(paths, new Set(endpoints.map(({ path }) => path)));
});
