import assert from 'node:assert/strict';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import type { TrustPolicy } from '../../../../src/engine/certificates/trust/policy.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { OpensslAuthority } from './support/openssl-authority.ts';
import { eventually, type TestTrust, trustOf } from './support/trust-of.ts';

const folder = temporaryFolder();
const root = new OpensslAuthority(folder, { name: 'root' });
const other = new OpensslAuthority(folder, { name: 'other' });
const device = root.issue({ name: 'device' });
const foreign = other.issue({ name: 'foreign' });
const server = root.issue({ name: 'server', extensions: ['extendedKeyUsage=serverAuth'] });

const opened: TestTrust[] = [];
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});

async function open(
  settings: Record<string, string> = {},
  parts: Parameters<typeof trustOf>[1] = {},
): Promise<TestTrust> {
  const trust = await trustOf({ THINGPASS_CLIENT_CA_FILE: root.own.certificateFile, ...settings }, parts);
  opened.push(trust);
  return trust;
}

test('with everything off, nothing is checked', async () => {
  const trust = await open();
  const subject = { ders: [Buffer.from('no certificate')], ids: ['x'] } as const;
  assert.deepEqual(trust.check(subject as never, undefined, 'd'), []);
});

test('a cached result is returned synchronously', async () => {
  const trust = await open({ THINGPASS_CERTIFICATE_PATH: 'require' });
  const subject = { ders: [foreign.der], ids: ['foreign'] } as const;
  const first = trust.check(subject, undefined, 'd');
  assert.ok(first instanceof Promise);
  const second = trust.check(subject, undefined, 'd');
  assert.deepEqual(await first, await second);
  const third = trust.check(subject, undefined, 'd');
  assert.ok(Array.isArray(third));
  assert.equal(third[0]?.reason, 'certificate_untrusted');
});

test('a profile’s policy overrides the installation’s', async () => {
  const profiles = new Map<string, Partial<TrustPolicy>>([
    ['strict', { path: 'require' }],
    ['lax', { usage: 'off' }],
  ]);
  const trust = await open({ THINGPASS_CERTIFICATE_USAGE: 'warn' }, { profilePolicies: () => profiles });
  assert.equal(await trust.detail(server), 'warned usage certificate_usage_mismatch');
  assert.equal(await trust.detail(server, [], 'another'), 'warned usage certificate_usage_mismatch');
  assert.equal(await trust.detail(server, [], 'lax'), 'ok');
  assert.equal(await trust.detail(foreign, [], 'lax'), 'ok');
  assert.equal(await trust.detail(foreign, [], 'strict'), 'refused path certificate_untrusted');
  assert.equal(await trust.detail(server, [], 'strict'), 'warned usage certificate_usage_mismatch');
});

test('a profile’s rule without the settings that it needs refuses with the reason', async () => {
  const profiles = new Map<string, Partial<TrustPolicy>>([['p', { path: 'require' }]]);
  const trust = await open({ THINGPASS_CLIENT_CA_FILE: '' }, { profilePolicies: () => profiles });
  assert.equal(await trust.detail(device, [], 'p'), 'refused path certificate_untrusted');
});

test('a name without a certificate cannot be checked', async () => {
  const settings = { THINGPASS_CERTIFICATE_PATH: 'require', THINGPASS_OCSP: 'require' };
  const found = await (await open(settings)).check(undefined, undefined, 'd');
  assert.deepEqual(
    found.map(({ rule, refuses, detail }) => [rule, refuses, detail]),
    [
      ['path', true, 'only its name was sent'],
      ['ocsp', false, 'only its name was sent'],
    ],
  );
});

test('a changed authorities file takes effect, a broken one does not', async () => {
  const file = join(folder, 'changing.pem');
  copyFileSync(root.own.certificateFile, file);
  const trust = await open({ THINGPASS_CLIENT_CA_FILE: file, THINGPASS_CERTIFICATE_PATH: 'require' });
  assert.equal(await trust.detail(device), 'ok');
  assert.equal(await trust.detail(foreign), 'refused path certificate_untrusted');
  writeFileSync(file, 'broken');
  await eventually(() => trust.logged.includes('authorities refused: contains no certificate in PEM'));
  assert.equal(await trust.detail(device), 'ok');
  writeFileSync(file, other.own.pem);
  await eventually(async () => (await trust.detail(foreign)) === 'ok');
  assert.equal(await trust.detail(device), 'refused path certificate_untrusted');
  assert.deepEqual(
    trust.expiries().authorities.map(({ subject }) => subject),
    ['CN=other,O=Trust Test'],
  );
});

test('a path is trusted until a certificate on it expires', async () => {
  let now = Date.UTC(2024, 0, 1);
  const short = root.issue({ name: 'short', end: '20250101000000Z' });
  const young = new OpensslAuthority(folder, { name: 'young', end: '20240101001000Z' }, root);
  const below = young.issue({ name: 'below' });
  const trust = await open({ THINGPASS_CERTIFICATE_PATH: 'require' }, { now: () => now });
  assert.equal(await trust.detail(below, [young.own]), 'ok');
  assert.equal(await trust.detail(short), 'ok');
  now += 11 * 60_000;
  assert.equal(await trust.detail(below, [young.own]), 'refused path certificate_untrusted');
  assert.equal(await trust.detail(short), 'ok');
});

test('hostile certificates cause objections, not exceptions', async () => {
  const trust = await open({ THINGPASS_CERTIFICATE_PATH: 'require', THINGPASS_CERTIFICATE_USAGE: 'require' });
  for (let at = 0; at < device.der.length; at += 7) {
    const der = Buffer.from(device.der);
    der[at] = (der[at] as number) ^ 0x15;
    const detail = await trust.detail({ ...device, der });
    assert.match(detail, /refused path/, `octet ${at}`);
  }
});
