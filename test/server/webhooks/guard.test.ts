import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createGuard } from '../../../src/server/webhooks/guard.ts';

const SECRET = 'a-secret-of-the-broker';
const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

test('a caller proves itself by header, Basic password or path segment', () => {
  const proves = createGuard(['another-secret-altogether', SECRET]);
  assert.ok(proves({ 'x-thingpass-secret': SECRET }, undefined));
  assert.ok(proves({ authorization: basic(`anyone:${SECRET}`) }, undefined));
  assert.ok(proves({}, SECRET));
});

test('anything else proves nothing', () => {
  const proves = createGuard([SECRET]);
  assert.ok(!proves({}, undefined));
  assert.ok(!proves({ 'x-thingpass-secret': `${SECRET} ` }, undefined));
  assert.ok(!proves({ 'x-thingpass-secret': '' }, undefined));
  assert.ok(!proves({ authorization: `Bearer ${SECRET}` }, undefined), 'a client may choose the Bearer text');
  assert.ok(!proves({ authorization: basic(SECRET) }, undefined), 'a user name is not a password');
  assert.ok(!proves({ authorization: basic(`${SECRET}:`) }, undefined));
  assert.ok(!proves({}, `${SECRET}x`));
});

test('a wrong header is not mended by a right path', () => {
  assert.ok(!createGuard([SECRET])({ 'x-thingpass-secret': 'wrong-secret-wrong-secret' }, SECRET));
});

test('a secret may hold colons', () => {
  assert.ok(
    createGuard(['with:colons:in:it-1234'])({ authorization: basic('u:with:colons:in:it-1234') }, undefined),
  );
});
