import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { licencesOf, mayBeShipped } from './licences.ts';

test('every package that is shipped has a licence that goes with ours', () => {
  const byLicence = licencesOf(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8'));
  assert.ok(byLicence.get('MIT')?.some((name) => name.startsWith('fastify ')));
  for (const [licence, names] of byLicence) assert.ok(mayBeShipped(licence), `${licence}: ${names}`);
});

test('a choice of licences is free when one of them is, a sum when all are', () => {
  assert.ok(mayBeShipped('(GPL-3.0-only OR MIT)'));
  assert.ok(mayBeShipped('MIT AND ISC'));
  assert.ok(!mayBeShipped('MIT AND GPL-3.0-only'));
  assert.ok(!mayBeShipped('unknown'));
});
