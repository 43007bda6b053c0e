import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Dialect } from '../../../src/brokers/dialect.ts';
import { forwardAuth } from '../../../src/brokers/forward-auth/dialect.ts';
import { generic } from '../../../src/brokers/generic/dialect.ts';
import { nanomq } from '../../../src/brokers/nanomq/dialect.ts';
import { vernemq } from '../../../src/brokers/vernemq/dialect.ts';
import type { BrokerConfig } from '../../../src/config/config.ts';
import { endpointSettings } from '../../../src/server/webhooks/endpoint-settings.ts';
import { PLAIN_SETTINGS } from '../../support/broker-settings.ts';

/** The forms in headers that are enabled of those that the operator named. */
function headerFormsOf(
  dialect: Dialect,
  forms: Iterable<string>,
  formSettings: BrokerConfig['formSettings'] = new Map(),
) {
  const settings = { ...PLAIN_SETTINGS, secrets: [], certificateForms: new Set(forms), formSettings };
  return endpointSettings(dialect, settings).headerForms;
}

test('forms that come in bodies are the dialect’s own to read', () => {
  for (const dialect of [nanomq, vernemq]) {
    const forms = new Set(dialect.certificateForms?.body);
    assert.ok(forms.size > 0);
    assert.deepEqual(headerFormsOf(dialect, forms), []);
  }
});

test('forms that come in headers are enabled, with their settings', () => {
  const enabled = headerFormsOf(forwardAuth, ['xfcc', 'nginx'], new Map([['xfcc', { trustedHops: 2 }]]));
  assert.equal(enabled?.length, 2);
});

test('a form that the dialect cannot bring is refused, and those that it can are named', () => {
  assert.throws(
    () => headerFormsOf(nanomq, ['xfcc']),
    /THINGPASS_CERTIFICATE_FORMS: nanomq cannot bring certificates as xfcc; it brings \w+/,
  );
  assert.throws(() => headerFormsOf(generic, ['no_such_form']), /it brings .*xfcc/);
});

test('a dialect that brings no certificates says so', () => {
  const { certificateForms: _, ...without } = nanomq;
  assert.throws(() => headerFormsOf(without, ['xfcc']), /it brings no certificates$/);
});
