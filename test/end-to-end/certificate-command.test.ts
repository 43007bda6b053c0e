import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { GOLDEN } from '../support/golden.ts';
import { Installation } from '../support/process.ts';

const pki = (name: string): string => join(GOLDEN, 'pki', name);

interface Printed {
  readonly form: string;
  readonly refused: boolean;
  readonly certificates: readonly { readonly sha256: string; readonly credentialsId: string }[];
  readonly owner: { readonly device: { readonly name: string } | null; readonly note?: string };
}

test('a certificate is shown with its device, in words and in JSON', async () => {
  const installation = new Installation();
  await installation.json('device', 'create', 'meter-0003', '--x509', pki('p256.crt.pem'));
  const { code, stdout } = await installation.run(['certificate', 'inspect', pki('p256.crt.pem')]);
  assert.equal(code, 0);
  assert.match(stdout, /^subject +CN=meter-0003,O=Example Metering,C=NL$/m);
  assert.match(stdout, /^valid .*\(\d+ days left\)$/m);
  assert.match(stdout, /^device +meter-0003 \([0-9a-f-]{36}\), profile default$/m);
  assert.match(stdout, /no problems\n$/);
  const printed = await installation.json<Printed>('certificate', 'inspect', pki('p256.crt.pem'));
  const index = JSON.parse(readFileSync(join(GOLDEN, 'captures/forwarded-certificates/index.json'), 'utf8'));
  const known = index.captures.find(
    ({ certificate }: { certificate: string | null }) => certificate?.endsWith('p256.crt.pem') ?? false,
  ).expected;
  assert.equal(printed.certificates[0]?.credentialsId, known.credentialsId);
  assert.equal(printed.certificates[0]?.sha256, known.sha256);
  assert.equal(printed.owner.device?.name, 'meter-0003');
});

test('a header copied out of a log comes by standard input', async () => {
  const header = `ssl-client-cert: ${encodeURIComponent(readFileSync(pki('serverauth.crt.pem'), 'utf8'))}`;
  const installation = new Installation();
  const { code, stdout } = await installation.run(['certificate', 'inspect', '-'], header);
  assert.equal(code, 1, 'brokers would refuse it');
  assert.match(stdout, /^form +header field ssl-client-cert percent-encoded PEM$/m);
  assert.match(stdout, /^REFUSED {2}its extended key usage is serverAuth, without clientAuth: /m);
});

test('no database is needed, and none is made; one that is no database does not matter', async () => {
  const installation = new Installation();
  const { code, stdout } = await installation.run(['certificate', 'inspect', pki('chain3.chain.pem')]);
  assert.equal(code, 0);
  assert.match(stdout, /^device +there is no database here$/m);
  assert.match(stdout, /^certificate 2 of the chain$/m);
  assert.ok(!existsSync(join(installation.folder, 'thingpass.db')));
  for (const url of [`file:${pki('README.md')}`, 'postgresql://u:topsecret@127.0.0.1:1/none']) {
    installation.environment.DATABASE_URL = url;
    const asked = await installation.run(['certificate', 'inspect', pki('p256.crt.pem')]);
    assert.equal(asked.code, 0, asked.stderr);
    assert.match(asked.stdout, /^device +the database cannot be asked/m);
    assert.ok(!`${asked.stdout}${asked.stderr}`.includes('topsecret'));
  }
  rmSync(installation.folder, { recursive: true });
});

test('the exit code tells apart: fine, refused, cannot be read', async () => {
  const installation = new Installation();
  const ended = async (...args: string[]): Promise<[number, string]> => {
    const { code, stdout, stderr } = await installation.run(['certificate', 'inspect', ...args]);
    return [code, stdout + stderr];
  };
  assert.equal((await ended(pki('noeku.crt.pem')))[0], 0);
  assert.match((await ended(pki('expired.crt.pem')))[1], /REFUSED {2}expired 2016-01-01, \d+ days ago/);
  const [keyCode, keyText] = await ended(pki('p256.key.pem'));
  assert.equal(keyCode, 1);
  assert.match(keyText, /holds no certificate that can be read.*private key/);
  assert.deepEqual(await ended('no-such-file'), [2, 'no-such-file cannot be read (ENOENT)\n']);
  assert.equal((await ended())[0], 2);
});
