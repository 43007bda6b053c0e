import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { isReadByBoth } from '../../../src/brokers/tbmq/answer.ts';
import { tbmq } from '../../../src/brokers/tbmq/dialect.ts';
import { SECRET_HEADER } from '../../../src/server/webhooks/guard.ts';
import { tbmqAllows } from '../../../src/tools/broker-simulator/tbmq-reads.ts';
import { PLAIN_SETTINGS } from '../../support/broker-settings.ts';
import { goldenJson } from '../../support/golden.ts';
import { attemptOf, post } from '../../support/questions.ts';

interface Provider {
  readonly configuration: {
    readonly restEndpointUrl: string;
    readonly requestMethod: string;
    readonly headers: Record<string, string>;
    readonly requestBody: string;
    readonly authRules: { readonly pubAuthRulePatterns: string[]; readonly subAuthRulePatterns: string[] };
  };
}

/** The provider that we hand out must make TBMQ send what we read, to where we answer. */
const { configuration } = JSON.parse(
  readFileSync(new URL('../../../deploy/tbmq/provider.json', import.meta.url), 'utf8'),
) as Provider;

test('deploy/tbmq asks where we answer, with a secret', () => {
  const { pathname } = new URL(configuration.restEndpointUrl);
  const endpoint = tbmq.endpoints.find(({ path, methods }) => path === pathname && methods.includes('POST'));
  assert.ok(endpoint !== undefined);
  assert.equal(configuration.requestMethod, 'POST');
  const names = Object.keys(configuration.headers).map((name) => name.toLowerCase());
  assert.deepEqual(names, ['content-type', SECRET_HEADER]);

  const settings = { ...PLAIN_SETTINGS, certificateForms: new Set(['tbmq_name']) };
  const filled = configuration.requestBody.replaceAll(/\$\{(\w+)\}/g, 'the $1');
  const { username, password, clientId, certificate } = attemptOf(endpoint.read(post(filled), settings));
  assert.deepEqual([username, password, clientId], ['the username', 'the password', 'the clientId']);
  assert.equal(certificate.kind === 'name' && certificate.commonName, 'the commonName');
});

test('deploy/tbmq has the template that the captures call safe', () => {
  const captures = goldenJson<{ group: string; template?: string }[]>('captures/tbmq/index.json');
  const safe = captures.find(({ group }) => group === 'post-cn-last');
  assert.equal(configuration.requestBody, safe?.template);
});

test('deploy/tbmq leaves nothing to the provider’s own rules', () => {
  const { pubAuthRulePatterns, subAuthRulePatterns } = configuration.authRules;
  for (const patterns of [pubAuthRulePatterns, subAuthRulePatterns]) {
    assert.equal(patterns.length, 1);
    assert.ok(patterns.every(isReadByBoth));
    for (const topic of ['', 'a', '#', 'v1/devices/me/telemetry', '$SYS/#']) {
      assert.ok(!tbmqAllows(patterns, topic));
    }
  }
});
