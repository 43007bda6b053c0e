import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forwardAuth } from '../../../src/brokers/forward-auth/dialect.ts';
import { generic } from '../../../src/brokers/generic/dialect.ts';
import { nanomq } from '../../../src/brokers/nanomq/dialect.ts';
import { vernemq } from '../../../src/brokers/vernemq/dialect.ts';
import { enableFormsOf } from '../../../src/server/webhooks/check-forms.ts';

const NO_SETTINGS = new Map();

test('forms that come in bodies are the dialect’s own to read', () => {
  for (const dialect of [nanomq, vernemq]) {
    const forms = new Set(dialect.certificateForms?.body);
    assert.ok(forms.size > 0);
    assert.deepEqual(enableFormsOf(dialect, forms, NO_SETTINGS), []);
  }
});

test('forms that come in headers are switched on, with their settings', () => {
  const enabled = enableFormsOf(
    forwardAuth,
    new Set(['xfcc', 'nginx']),
    new Map([['xfcc', { trustedHops: 2 }]]),
  );
  assert.equal(enabled.length, 2);
});

test('a form that the dialect cannot bring is refused, and those that it can are named', () => {
  assert.throws(
    () => enableFormsOf(nanomq, new Set(['xfcc']), NO_SETTINGS),
    /^Error: nanomq cannot bring certificates as xfcc; it brings \w+/,
  );
  assert.throws(() => enableFormsOf(generic, new Set(['no_such_form']), NO_SETTINGS), /it brings .*xfcc/);
});

test('a dialect that brings no certificates says so', () => {
  const { certificateForms: _, ...without } = nanomq;
  assert.throws(() => enableFormsOf(without, new Set(['xfcc']), NO_SETTINGS), /it brings no certificates$/);
});
