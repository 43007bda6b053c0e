import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { startOcspResponder } from './support/ocsp-responder.ts';
import { CLIENT, OCSP_RESPONDER, OpensslAuthority } from './support/openssl-authority.ts';
import { type TestTrust, trustOf } from './support/trust-of.ts';

const folder = temporaryFolder();
const root = new OpensslAuthority(folder, { name: 'root' });
const authority = new OpensslAuthority(folder, { name: 'fleet' }, root);
const authorities = join(folder, 'authorities.pem');
writeFileSync(authorities, root.own.pem + authority.own.pem);
const good = authority.issue({ name: 'good' });
const bad = authority.issue({ name: 'bad' });
authority.revoke(bad);
const responder = authority.issue({ name: 'responder', extensions: OCSP_RESPONDER });

const opened: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close();
});

async function asking(
  url: string | undefined,
  settings: Record<string, string> = {},
  parts = {},
): Promise<TestTrust> {
  const trust = await trustOf(
    {
      THINGPASS_CLIENT_CA_FILE: authorities,
      THINGPASS_OCSP: 'require',
      THINGPASS_OCSP_NO_ANSWER: 'refuse',
      ...(url === undefined ? {} : { THINGPASS_OCSP_URL: url }),
      ...settings,
    },
    parts,
  );
  opened.push(trust);
  return trust;
}

async function respond(
  shape: Omit<Parameters<typeof startOcspResponder>[0], 'authority'> = {},
  of = authority,
) {
  const started = await startOcspResponder({ authority: of, ...shape });
  opened.push({ close: () => started.stop() });
  return started;
}

/** An HTTP server in front of a responder, or instead of one. */
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  opened.push({
    close() {
      server.closeAllConnections();
      server.close();
    },
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

/** Passes questions on, counts them, and keeps the last answer. */
async function relay(url: () => string) {
  const seen = { count: 0, answer: Buffer.alloc(0) };
  const relayed = await serve(async (request, response) => {
    seen.count++;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const answer = await fetch(url(), {
      method: 'POST',
      headers: { 'content-type': 'application/ocsp-request' },
      body: Buffer.concat(chunks),
    });
    seen.answer = Buffer.from(await answer.arrayBuffer());
    response.end(seen.answer);
  });
  return { url: relayed, seen };
}

const UNKNOWN = 'refused ocsp certificate_status_unknown';

async function whyUnknown(trust: TestTrust): Promise<string | undefined> {
  const [finding] = await trust.found(good);
  assert.equal(finding?.reason, 'certificate_status_unknown');
  return finding?.detail;
}

test('an answer may be signed by the issuer or by its delegate', async () => {
  for (const shape of [{}, { signer: responder }]) {
    const trust = await asking((await respond(shape)).url);
    assert.equal(await trust.detail(good), 'ok');
    assert.equal(await trust.detail(bad), 'refused ocsp certificate_revoked');
  }
});

test('the responder named by the certificate is asked if none is configured', async () => {
  let real = '';
  const { url } = await relay(() => real);
  const extensions = [...CLIENT, `authorityInfoAccess=OCSP;URI:${url}`];
  const naming = authority.issue({ name: 'naming', extensions });
  const revoked = authority.issue({ name: 'naming and revoked', extensions });
  authority.revoke(revoked);
  real = (await respond({ signer: responder })).url;
  const trust = await asking(undefined);
  assert.equal(await trust.detail(naming), 'ok');
  assert.equal(await trust.detail(revoked), 'refused ocsp certificate_revoked');
  assert.equal(await whyUnknown(trust), 'the certificate names no OCSP responder');
});

test('the answer “unknown” is not “good”', async () => {
  const { url } = await respond();
  const later = authority.issue({ name: 'issued later' });
  const [finding] = await (await asking(url)).found(later);
  assert.equal(finding?.detail, 'the OCSP responder does not know the certificate');
  assert.ok(finding?.refuses);
});

test('a certificate without a path to an authority causes no request', async () => {
  let asked = 0;
  const url = await serve((_request, response) => {
    asked++;
    response.end();
  });
  const stranger = new OpensslAuthority(temporaryFolder(), { name: 'fleet' });
  const device = stranger.issue({
    name: 'd',
    extensions: [...CLIENT, `authorityInfoAccess=OCSP;URI:${url}`],
  });
  const trust = await asking(undefined);
  assert.equal(await trust.detail(device, [stranger.own]), UNKNOWN);
  assert.equal(asked, 0);
});

test('an answer with another signer is refused', async () => {
  const server = authority.issue({ name: 'no responder', extensions: CLIENT });
  const foreign = new OpensslAuthority(folder, { name: 'foreign' }, root);
  const expired = authority.issue({
    name: 'expired',
    extensions: OCSP_RESPONDER,
    start: '20150101000000Z',
    end: '20190101000000Z',
  });
  const signers = [
    server,
    foreign.issue({ name: 'responder of others', extensions: OCSP_RESPONDER }),
    foreign.own,
    root.own,
    expired,
  ];
  for (const signer of signers) {
    const trust = await asking((await respond({ signer })).url);
    assert.match(
      (await whyUnknown(trust)) ?? '',
      /not signed by the issuer or a responder that the issuer authorized/,
    );
  }
});

test('answers that are malformed, outdated or about another certificate are refused', async () => {
  const { url: real } = await respond({ options: ['-nmin', '5'] });
  const { url, seen } = await relay(() => real);
  const first = await asking(url);
  assert.equal(await first.detail(bad), 'refused ocsp certificate_revoked');
  const aboutBad = seen.answer;
  const repeating = await serve((_request, response) => void response.end(aboutBad));
  assert.equal(await whyUnknown(await asking(repeating)), 'OCSP: the answer is about another certificate');

  assert.equal(await first.detail(good), 'ok');
  const aboutGood = seen.answer;
  const replaying = await serve((_request, response) => void response.end(aboutGood));
  const later = await asking(replaying, {}, { now: () => Date.now() + 11 * 60_000 });
  assert.equal(await whyUnknown(later), 'OCSP: the answer is out of date');
  const earlier = await asking(replaying, {}, { now: () => Date.now() - 11 * 60_000 });
  assert.equal(await whyUnknown(earlier), 'OCSP: the answer is dated in the future');
  assert.equal(await (await asking(replaying)).detail(good), 'ok');

  const changed = Buffer.from(aboutGood);
  const middle = Math.floor(changed.length / 3);
  changed[middle] = (changed[middle] as number) ^ 1;
  const lying = await serve((_request, response) => void response.end(changed));
  assert.ok((await whyUnknown(await asking(lying)))?.startsWith('OCSP: the answer is'));
  const joking = await serve((_request, response) => void response.end('no DER'));
  assert.equal(await whyUnknown(await asking(joking)), 'OCSP: the answer is not an OCSP response');
  const hiding = await serve((_request, response) => void response.end(Buffer.from('30030a0106', 'hex')));
  assert.equal(await whyUnknown(await asking(hiding)), 'OCSP: the responder answered unauthorized');
});

test('without an answer within the timeout, the setting admits or refuses', async () => {
  const hanging = await serve(() => undefined);
  const endless = await serve((_request, response) => {
    const more = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(16_384, 0x30)));
      if (!response.destroyed) response.once('drain', more);
    };
    more();
  });
  const cases: readonly (readonly [string, string])[] = [
    ['http://127.0.0.1:9', 'OCSP: no answer (ECONNREFUSED)'],
    [hanging, 'OCSP: no complete answer within 200 ms'],
    [endless, 'OCSP: the answer is longer than 65536 bytes'],
  ];
  for (const [url, expected] of cases) {
    const hard = await asking(url, { THINGPASS_OCSP_TIMEOUT_MS: '200' });
    assert.equal(await whyUnknown(hard), expected);
    const soft = await asking(url, { THINGPASS_OCSP_TIMEOUT_MS: '200', THINGPASS_OCSP_NO_ANSWER: 'admit' });
    assert.equal(await soft.detail(good), 'warned ocsp certificate_status_unknown');
  }
});

test('many devices do not each wait for a responder that does not answer', async () => {
  let asked = 0;
  const url = await serve(() => void asked++);
  const trust = await asking(url, { THINGPASS_OCSP_TIMEOUT_MS: '200' });
  await trust.detail(good);
  for (const device of Array.from({ length: 3 }, (_, index) => authority.issue({ name: `after ${index}` }))) {
    assert.equal((await trust.found(device))[0]?.detail, 'the OCSP responder did not answer');
  }
  assert.equal(asked, 1);
});

test('waiting decisions share one request, and a valid answer needs none', async () => {
  let now = Date.now();
  const { url: real } = await respond({ options: ['-ndays', '7'] });
  const { url, seen } = await relay(() => real);
  const trust = await asking(url, {}, { now: () => now });
  await Promise.all(Array.from({ length: 20 }, () => trust.detail(good)));
  await trust.detail(good);
  assert.equal(seen.count, 1);
  now += 61 * 60_000;
  assert.equal(await trust.detail(good), 'ok');
  assert.equal(seen.count <= 2, true);
});

test('an answer that is still valid is used while the responder is down', async () => {
  let now = Date.now();
  const started = await startOcspResponder({ authority, options: ['-ndays', '7'] });
  const trust = await asking(started.url, {}, { now: () => now });
  assert.equal(await trust.detail(good), 'ok');
  assert.equal(await trust.detail(bad), 'refused ocsp certificate_revoked');
  await started.stop();
  for (let hours = 2; hours < 24; hours += 7) {
    now += hours * 60 * 60_000;
    assert.equal(await trust.detail(good), 'ok');
    assert.equal(await trust.detail(bad), 'refused ocsp certificate_revoked');
  }
  now += 8 * 24 * 60 * 60_000;
  assert.equal(await trust.detail(good), UNKNOWN);
});
