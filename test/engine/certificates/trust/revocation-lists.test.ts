import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { CLIENT, OpensslAuthority, openssl } from './support/openssl-authority.ts';
import { eventually, type TestTrust, trustOf } from './support/trust-of.ts';

const folder = temporaryFolder();
const root = new OpensslAuthority(folder, { name: 'root' });
const middle = new OpensslAuthority(folder, { name: 'middle' }, root);
const authorities = join(folder, 'authorities.pem');
writeFileSync(authorities, root.own.pem + middle.own.pem);

const good = middle.issue({ name: 'good' });
const bad = middle.issue({ name: 'bad' });
const rootList = root.crl();
const emptyList = middle.crl();
middle.revoke(bad);
const list = middle.crl();
const OLD = ['-crl_lastupdate', '20150101000000Z', '-crl_nextupdate', '20150201000000Z'];
const expiredList = middle.crl(OLD);

const opened: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});

async function withLists(
  files: readonly string[],
  settings: Record<string, string> = {},
): Promise<TestTrust> {
  const trust = await trustOf({
    THINGPASS_CLIENT_CA_FILE: authorities,
    THINGPASS_CRL: 'require',
    THINGPASS_CRL_MISSING: 'refuse',
    ...(files.length > 0 ? { THINGPASS_CRL_FILES: files.join() } : {}),
    ...settings,
  });
  opened.push(trust);
  return trust;
}

/** A server that is closed at the end. */
async function serve(listener: RequestListener): Promise<{ url: string; server: Server }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  opened.push({
    close() {
      server.closeAllConnections();
      server.close();
    },
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/list.crl`, server };
}

test('a certificate on the list of its authority is revoked', async () => {
  const trust = await withLists([list, rootList]);
  assert.equal(await trust.detail(good), 'ok');
  assert.equal(await trust.detail(bad), 'refused crl certificate_revoked');
  const [finding] = await trust.found(bad);
  assert.equal(finding?.detail, 'CN=bad,O=Trust Test is revoked by CN=middle,O=Trust Test');
});

test('authorities on the path are checked for revocation too', async () => {
  const other = new OpensslAuthority(folder, { name: 'other' }, root);
  const device = other.issue({ name: 'd' });
  const before = await withLists([root.crl(), other.crl()]);
  assert.equal(await before.detail(device, [other.own]), 'ok');
  root.revoke(other.own);
  const trust = await withLists([root.crl(), other.crl()]);
  assert.equal(await trust.detail(device, [other.own]), 'refused crl certificate_revoked');
});

test('without a list, the setting admits or refuses', async () => {
  const strict = await withLists([list]);
  assert.equal(await strict.detail(good), 'refused crl certificate_status_unknown');
  assert.equal((await strict.found(good))[0]?.detail, 'there is no revocation list of CN=root,O=Trust Test');
  const lenient = await withLists([list], { THINGPASS_CRL_MISSING: 'admit' });
  assert.equal(await lenient.detail(good), 'warned crl certificate_status_unknown');
  assert.equal(await lenient.detail(bad), 'refused crl certificate_revoked');
});

test('warn admits revoked certificates and logs them', async () => {
  const trust = await withLists([list, rootList], { THINGPASS_CRL: 'warn' });
  assert.equal(await trust.detail(bad), 'warned crl certificate_revoked');
  assert.ok(trust.logged.includes('device-1: CN=bad,O=Trust Test is revoked by CN=middle,O=Trust Test'));
});

test('an expired list refuses others only if configured, and still refuses the revoked', async () => {
  const lenient = await withLists([expiredList, rootList]);
  assert.equal(await lenient.detail(good), 'warned crl certificate_status_unknown');
  assert.match(
    (await lenient.found(good))[0]?.detail ?? '',
    /CN=middle,O=Trust Test has expired at 2015-02-01/,
  );
  assert.equal(await lenient.detail(bad), 'refused crl certificate_revoked');
  assert.ok(lenient.logged.includes('list of CN=middle,O=Trust Test expired'));
  const strict = await withLists([expiredList, rootList], { THINGPASS_CRL_EXPIRED: 'refuse' });
  assert.equal(await strict.detail(good), 'refused crl certificate_status_unknown');
});

test('a list that expires between two decisions counts as expired at the second', async () => {
  let now = Date.UTC(2015, 0, 15);
  const settings = {
    THINGPASS_CLIENT_CA_FILE: authorities,
    THINGPASS_CRL: 'require',
    THINGPASS_CRL_EXPIRED: 'refuse',
  };
  const trust = await trustOf(
    { ...settings, THINGPASS_CRL_FILES: [expiredList, rootList].join() },
    { now: () => now, skipDates: true },
  );
  opened.push(trust);
  assert.equal(await trust.detail(good), 'ok');
  now = Date.UTC(2015, 1, 1, 0, 0, 1);
  assert.equal(await trust.detail(good), 'refused crl certificate_status_unknown');
});

test('the log warns long before a list expires', async () => {
  const start = Date.UTC(2015, 0, 1);
  const week = 7 * 24 * 60 * 60_000;
  const detail = async (now: number): Promise<boolean> => {
    const settings = {
      THINGPASS_CLIENT_CA_FILE: authorities,
      THINGPASS_CRL: 'warn',
      THINGPASS_CRL_FILES: expiredList,
    };
    const trust = await trustOf(settings, { now: () => now });
    opened.push(trust);
    return trust.logged.includes('list of CN=middle,O=Trust Test ends soon');
  };
  assert.equal(await detail(start + 2 * week), false);
  assert.equal(await detail(start + 4 * week), true);
});

test('a list signed by another authority of the same name is ignored', async () => {
  const impostor = new OpensslAuthority(temporaryFolder(), { name: 'middle' });
  const trust = await withLists([impostor.crl(), rootList]);
  assert.equal(await trust.detail(good), 'refused crl certificate_status_unknown');
  const both = await withLists([impostor.crl(), emptyList, rootList]);
  assert.equal(await both.detail(good), 'ok', 'nor does it push the true one aside');
});

test('a list of an authority without cRLSign is ignored', async () => {
  const mute = new OpensslAuthority(
    folder,
    { name: 'mute', extensions: ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign'] },
    root,
  );
  const trust = await withLists([mute.crl(), root.crl()]);
  assert.equal(
    await trust.detail(mute.issue({ name: 'd' }), [mute.own]),
    'refused crl certificate_status_unknown',
  );
});

test('the later of two lists counts', async () => {
  const older = middle.crl(['-crl_lastupdate', '20200101000000Z', '-crl_nextupdate', '20500101000000Z']);
  const trust = await withLists([rootList, emptyList, older]);
  assert.equal(await trust.detail(bad), 'ok', 'the older one names it, the later one does not');
});

test('a partial list covers only certificates that name it', async () => {
  const config = join(folder, 'partition.cnf');
  const point = 'http://crl.example.org/1';
  const text = readFileSync(join(middle.folder, 'ca.cnf'), 'utf8');
  writeFileSync(
    config,
    `${text}\n[part]\nissuingDistributionPoint=critical,@point\n[point]\nfullname=URI:${point}\n`,
  );
  const file = join(folder, 'part.crl');
  openssl(
    ...['ca', '-config', config, '-cert', middle.own.certificateFile, '-keyfile', middle.own.keyFile],
    ...['-gencrl', '-crlexts', 'part', '-out', file],
  );
  const named = middle.issue({
    name: 'named',
    extensions: [...CLIENT, `crlDistributionPoints=URI:${point}`],
  });
  const trust = await withLists([file, rootList]);
  assert.equal(await trust.detail(named), 'ok');
  assert.equal(await trust.detail(good), 'refused crl certificate_status_unknown');
  assert.equal(await trust.detail(bad), 'refused crl certificate_revoked', 'whoever is named is revoked');
});

test('lists of authorities with RSA, RSA-PSS, P-384 and Ed25519 keys', async () => {
  const kinds: readonly (readonly string[])[] = [
    ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048'],
    ['-algorithm', 'RSA-PSS', '-pkeyopt', 'rsa_keygen_bits:2048'],
    ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-384'],
    ['-algorithm', 'ED25519'],
  ];
  for (const [index, kind] of kinds.entries()) {
    const keyFile = join(folder, `kind-${index}.key`);
    openssl('genpkey', ...kind, '-out', keyFile);
    const authority = new OpensslAuthority(folder, { name: `kind ${index}`, keyFile }, root);
    const device = authority.issue({ name: 'd' });
    const revoked = authority.issue({ name: 'r' });
    authority.revoke(revoked);
    const trust = await withLists([authority.crl(), root.crl()]);
    assert.equal(await trust.detail(device, [authority.own]), 'ok', kind.join(' '));
    assert.equal(await trust.detail(revoked, [authority.own]), 'refused crl certificate_revoked');
  }
});

test('a changed file takes effect, a broken one does not', async () => {
  const file = join(folder, 'changing.crl');
  copyFileSync(emptyList, file);
  const trust = await withLists([file, rootList]);
  assert.equal(await trust.detail(bad), 'ok');
  writeFileSync(file, 'half of a li');
  await eventually(() => trust.logged.includes('list refused: not a revocation list in DER or PEM'));
  assert.equal(await trust.detail(good), 'ok');
  copyFileSync(list, file);
  await eventually(async () => (await trust.detail(bad)) === 'refused crl certificate_revoked');
  rmSync(file);
  await eventually(() => trust.logged.includes('list refused: it cannot be read (ENOENT)'));
  assert.equal(await trust.detail(bad), 'refused crl certificate_revoked');
});

test('a list in DER is read, trailing bytes are refused', async () => {
  const der = join(folder, 'list.der');
  openssl('crl', '-in', list, '-outform', 'DER', '-out', der);
  const trust = await withLists([der, rootList]);
  assert.equal(await trust.detail(bad), 'refused crl certificate_revoked');
  const longer = join(folder, 'longer.der');
  writeFileSync(longer, Buffer.concat([readFileSync(der), Buffer.from([0])]));
  assert.equal(
    await (await withLists([longer, rootList])).detail(good),
    'refused crl certificate_status_unknown',
  );
});

test('a tampered list is ignored', async () => {
  const der = join(folder, 'flipped.der');
  openssl('crl', '-in', list, '-outform', 'DER', '-out', der);
  const bytes = readFileSync(der);
  const serial = Buffer.from((await serialOf(bad.certificateFile)).trim(), 'hex');
  const at = bytes.indexOf(serial);
  assert.ok(at > 0);
  bytes[at + 3] = (bytes[at + 3] as number) ^ 1;
  writeFileSync(der, bytes);
  const trust = await withLists([der, rootList]);
  assert.equal(await trust.detail(good), 'refused crl certificate_status_unknown');
});

async function serialOf(file: string): Promise<string> {
  const { execFileSync } = await import('node:child_process');
  return execFileSync('openssl', ['x509', '-in', file, '-noout', '-serial'], { encoding: 'utf8' }).replace(
    'serial=',
    '',
  );
}

test('lists are downloaded up to the size limit', async () => {
  const { url } = await serve((_request, response) => void response.end(readFileSync(list)));
  const fetched = await withLists([rootList], { THINGPASS_CRL_URLS: url });
  assert.equal(await fetched.detail(good), 'ok');
  assert.equal(await fetched.detail(bad), 'refused crl certificate_revoked');

  let sent = 0;
  const { url: endless } = await serve((_request, response) => {
    const more = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536, 0x30))) sent += 65_536;
      if (!response.destroyed) response.once('drain', more);
    };
    more();
  });
  const huge = await withLists([rootList], { THINGPASS_CRL_URLS: endless });
  assert.ok(
    huge.logged.some((line) => /longer than 16777215 bytes/.test(line)),
    huge.logged.join(),
  );
  assert.ok(sent < 64 * 1024 * 1024);
  assert.equal(await huge.detail(good), 'refused crl certificate_status_unknown');
});

test('lists are downloaded again; unchanged and older ones replace nothing', async () => {
  const older = middle.crl(['-crl_lastupdate', '20200101000000Z', '-crl_nextupdate', '20200102000000Z']);
  const newer = middle.crl(['-crl_lastupdate', '20210101000000Z', '-crl_nextupdate', '20210102000000Z']);
  let served: Buffer = readFileSync(older);
  const asked: (string | undefined)[] = [];
  const { url } = await serve((request, response) => {
    asked.push(request.headers['if-none-match']);
    const etag = `"${createHash('sha1').update(served).digest('hex')}"`;
    if (request.headers['if-none-match'] === etag) response.writeHead(304).end();
    else response.writeHead(200, { etag }).end(served);
  });
  const trust = await trustOf(
    {
      THINGPASS_CLIENT_CA_FILE: authorities,
      THINGPASS_CRL: 'require',
      THINGPASS_CRL_URLS: url,
      THINGPASS_CRL_MISSING: 'refuse',
    },
    { refetchMs: 20 },
  );
  opened.push(trust);
  await eventually(() => asked.filter((etag) => etag !== undefined).length >= 2);
  assert.equal(
    trust.logged.filter((line) => line.startsWith('list of CN=middle')).length,
    2,
    'taken once, and expired',
  );
  served = readFileSync(newer);
  await eventually(() => trust.expiries().lists[0]?.thisUpdate === Date.UTC(2021, 0, 1));
  served = readFileSync(older);
  await eventually(() => trust.logged.includes('list refused: older than the previous one'));
  assert.equal(trust.expiries().lists[0]?.thisUpdate, Date.UTC(2021, 0, 1));
});

test('a server that is down, silent, refuses or redirects gives no list', async () => {
  const { url: silent } = await serve(() => undefined);
  const { url: trickling } = await serve((_request, response) => {
    const timer = setInterval(() => response.write('0'), 20);
    response.on('close', () => clearInterval(timer));
  });
  const { url: refusing } = await serve((_request, response) => void response.writeHead(500).end());
  const { url: leading } = await serve(
    (_request, response) => void response.writeHead(302, { location: silent }).end(),
  );
  const cases: readonly (readonly [string, RegExp])[] = [
    ['http://127.0.0.1:9/list.crl', /no answer \(ECONNREFUSED\)/],
    [silent, /no complete answer within 300 ms/],
    [trickling, /no complete answer within 300 ms/],
    [refusing, /the server answered 500/],
    [leading, /the server answered 302/],
  ];
  for (const [url, expected] of cases) {
    const trust = await withLists([rootList], { THINGPASS_CRL_URLS: url, THINGPASS_CRL_TIMEOUT_MS: '300' });
    assert.ok(
      trust.logged.some((line) => expected.test(line)),
      `${url} ${trust.logged.join()}`,
    );
    assert.equal(await trust.detail(good), 'refused crl certificate_status_unknown');
  }
});

test('the expiries of authorities and lists are reported', async () => {
  const trust = await withLists([list]);
  const { authorities: all, lists } = trust.expiries();
  assert.deepEqual(
    all.map(({ subject }) => subject),
    ['CN=root,O=Trust Test', 'CN=middle,O=Trust Test'],
  );
  assert.equal(all[0]?.notAfter, Date.UTC(2060, 0, 1));
  assert.equal(lists[0]?.issuer, 'CN=middle,O=Trust Test');
  assert.ok((lists[0]?.nextUpdate ?? 0) > Date.now());
});
