import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { after, test } from 'node:test';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { WebSocketServer } from 'ws';
import { guessForm } from '../../src/engine/certificates/examine/guess-form.ts';
import type { CheckOptions } from '../../src/tools/tls-check/check-options.ts';
import { checkTls } from '../../src/tools/tls-check/check-tls.ts';
import { formatReport } from '../../src/tools/tls-check/format-report.ts';
import { parseTarget } from '../../src/tools/tls-check/target.ts';
import type { TlsReport } from '../../src/tools/tls-check/tls-report.ts';
import { OpensslAuthority, SERVER } from '../engine/certificates/trust/support/openssl-authority.ts';
import { goldenBytes } from '../support/golden.ts';
import { Installation } from '../support/process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const pem = (name: string): Buffer => goldenBytes(`pki/${name}.pem`);
const root = pem('root.crt');
const server = { cert: pem('server.crt'), key: pem('server.key') };
const client = (name: string, chain = `${name}.crt`) => ({ cert: pem(chain), key: pem(`${name}.key`) });
const ROOT = 'CN=Quayside Test Root,O=Quayside Test Trust,C=NL';
const folder = temporaryFolder();

const open: { close(): unknown }[] = [];
const children: ChildProcess[] = [];
after(() => {
  for (const one of open) one.close();
  for (const child of children) child.kill();
});

async function listening(one: Server): Promise<number> {
  const sockets = new Set<Socket>();
  one.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  one.listen(0, '127.0.0.1');
  await once(one, 'listening');
  open.push({
    close: () => {
      one.close();
      for (const socket of sockets) socket.destroy();
    },
  });
  return (one.address() as AddressInfo).port;
}

/** An MQTT broker that answers every CONNECT with one code. */
function answering(code: number) {
  return (socket: NodeJS.ReadWriteStream): void => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.write(Buffer.from([0x20, 2, 0, code])));
  };
}

const broker = (options: TlsOptions, code = 0): Promise<number> =>
  listening(createTlsServer({ ...server, ...options }, answering(code)));

function check(port: number, options: Partial<CheckOptions> = {}): Promise<TlsReport> {
  const cert = options.client?.cert;
  return checkTls({
    target: { host: '127.0.0.1', port },
    ownCertificates: cert === undefined ? [] : guessForm(Buffer.from(cert)).certificates,
    clientId: 'check',
    stepMs: 1_500,
    ...options,
    client: { ca: root, ...options.client },
  });
}

function detail(report: TlsReport): readonly [string, string | undefined, readonly string[]] {
  assert.ok(formatReport(report).includes(report.why));
  return [report.stage, report.refusedBy, report.problems.map(({ code }) => code)];
}

/** OpenSSL's own server: unlike Node's it sends the alert that a broker's would. */
async function opensslServer(...args: readonly string[]): Promise<number> {
  const probe = createTcpServer();
  const port = await listening(probe);
  probe.close();
  await once(probe, 'close');
  const files = ['root.crt', 'server.crt', 'server.key'].map((name) => `${folder}/${name}`);
  const { writeFileSync } = await import('node:fs');
  for (const name of ['root.crt', 'server.crt', 'server.key']) writeFileSync(`${folder}/${name}`, pem(name));
  const [ca = '', cert = '', key = ''] = files;
  const child = spawn('openssl', [
    's_server',
    '-accept',
    `127.0.0.1:${port}`,
    '-cert',
    cert,
    '-key',
    key,
    '-CAfile',
    ca,
    '-quiet',
    ...args,
  ]);
  children.push(child);
  for (let tries = 0; tries < 100; tries++) {
    const socket = await new Promise<boolean>((resolve) => {
      const one = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${port}`], {
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      one.stdout.once('data', () => resolve(true));
      one.once('exit', () => resolve(false));
    });
    if (socket) return port;
  }
  throw new Error('openssl s_server did not start');
}

test('a successful check reports version, chain and CONNACK', async () => {
  const report = await check(await broker({}));
  assert.deepEqual(detail(report), ['connected', undefined, []]);
  assert.equal(report.negotiated?.version, 'TLSv1.3');
  assert.equal(report.connack?.code, 0);
  assert.equal(report.serverChain[0]?.subject, 'CN=localhost');
  assert.deepEqual(report.clientCertificate?.requested, false);
  assert.deepEqual(
    report.versions.map(({ version, spoken }) => [version, spoken]),
    [
      ['TLSv1.3', true],
      ['TLSv1.2', true],
      ['TLSv1.1', false],
      ['TLSv1', false],
    ],
  );
});

test('if TLS works, the password is sent and the CONNACK code reported', async () => {
  let received = '';
  const port = await listening(
    createTlsServer(server, (socket) => {
      socket.once('data', (bytes) => {
        received = bytes.toString('latin1');
        socket.write(Buffer.from([0x20, 2, 0, 4]));
      });
    }),
  );
  const report = await check(port, { username: 'meter', password: 'secret-word' });
  assert.deepEqual(detail(report), ['mqtt', 'server', []]);
  assert.match(report.why, /CONNACK 4: the user name or password is wrong/);
  assert.ok(received.includes('secret-word') && received.includes('meter'));
});

test('a server with an invalid certificate is refused by the client and gets no password', async () => {
  const authority = new OpensslAuthority(folder, { name: 'Server CA' });
  const ca = authority.own.pem;
  const expired = authority.issue({
    name: 'expired',
    extensions: SERVER,
    start: '20150101000000Z',
    end: '20160101000000Z',
  });
  const named = authority.issue({
    name: 'named',
    extensions: [...SERVER.slice(0, 3), 'subjectAltName=DNS:other.example'],
  });
  const alone = new OpensslAuthority(folder, { name: 'Alone', extensions: SERVER }).own;
  const forClients = authority.issue({ name: 'for clients' });
  const cases: [TlsOptions, string | Buffer | undefined, RegExp][] = [
    [{ cert: expired.pem, key: expired.key }, ca, /expired.*CERT_HAS_EXPIRED/],
    [{ cert: named.pem, key: named.key }, ca, /not for 127\.0\.0\.1/],
    [{ cert: forClients.pem, key: forClients.key }, ca, /not for servers|not for 127/],
    [server, ca, /UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT_LOCALLY/],
    [{ cert: alone.pem, key: alone.key }, ca, /self-signed.*DEPTH_ZERO/],
  ];
  for (const [options, trusted, why] of cases) {
    let heard = 0;
    const one = createTlsServer({ ...options }, (socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (bytes) => {
        heard += bytes.length;
      });
    });
    const report = await check(await listening(one), {
      client: { ca: trusted },
      username: 'u',
      password: 'p',
    });
    assert.deepEqual([report.stage, report.refusedBy], ['tls', 'client'], report.why);
    assert.match(report.why, why);
    assert.equal(heard, 0, 'nothing is said to a server that is not believed');
  }
  const byName = await check(await broker({ cert: named.pem, key: named.key }), {
    client: { ca },
    servername: 'other.example',
  });
  assert.equal(byName.stage, 'connected', byName.why);
});

test('the server’s chain is reported as sent, with wrong order and gaps, for TLS 1.3 and 1.2', async () => {
  const top = new OpensslAuthority(folder, { name: 'Top' });
  const middle = new OpensslAuthority(folder, { name: 'Middle' }, top);
  const low = new OpensslAuthority(folder, { name: 'Low' }, middle);
  const leaf = low.issue({ name: 'leaf', extensions: SERVER });
  const chains: [string[], string, string[]][] = [
    [[low.own.pem, middle.own.pem], 'connected', []],
    [[middle.own.pem, low.own.pem], 'connected', ['wrong_order']],
    [[low.own.pem, middle.own.pem, top.own.pem], 'connected', ['root_in_chain']],
    [[middle.own.pem], 'tls', ['missing_intermediate']],
    [[], 'tls', []],
  ];
  for (const maxVersion of ['TLSv1.3', 'TLSv1.2'] as const) {
    for (const [chain, stage, problems] of chains) {
      const port = await broker({ cert: [leaf.pem, ...chain].join(''), key: leaf.key, maxVersion });
      const report = await check(port, { client: { ca: top.own.pem } });
      assert.deepEqual(
        [report.stage, report.problems.map(({ code }) => code)],
        [stage, problems],
        report.why,
      );
      assert.equal(report.serverChain.length, chain.length + 1);
      assert.ok(stage === 'connected' || report.refusedBy === 'client');
    }
  }
});

test('a required client certificate: missing, from an unknown authority, good', async () => {
  for (const version of ['-tls1_3', '-tls1_2']) {
    const port = await opensslServer(version, '-Verify', '2', '-verify_return_error');
    const missing = await check(port);
    assert.deepEqual([missing.stage, missing.refusedBy], ['tls', 'server'], version);
    assert.match(missing.why, /none was given \(--cert and --key\)/);
    assert.deepEqual([missing.clientCertificate?.requested, missing.clientCertificate?.sent], [true, false]);
    assert.deepEqual(missing.clientCertificate?.acceptableAuthorities, [ROOT]);
    const unknown = await check(port, { client: client('selfsigned') });
    assert.deepEqual(
      [unknown.stage, unknown.refusedBy, unknown.clientCertificate?.sent],
      ['tls', 'server', true],
    );
    assert.match(unknown.why, /unknown_ca|bad_certificate/);
    const expired = await check(port, { client: client('expired') });
    assert.match(expired.why, /certificate_expired: the client certificate has expired/);
    const forServers = await check(port, { client: client('serverauth') });
    assert.match(forServers.why, /unsupported_certificate/);
    const good = await check(port, { client: client('p256') });
    assert.equal(good.stage, 'mqtt', `${good.why}: the handshake is fine, and s_server speaks no MQTT`);
  }
});

test('a Node server, which closes without an alert, and a server that names its authorities', async () => {
  // With `ca`, Node sends the root along.
  const port = await broker({ requestCert: true, rejectUnauthorized: true, ca: root });
  const missing = await check(port);
  assert.deepEqual([missing.stage, missing.refusedBy], ['tls', 'server']);
  assert.match(missing.why, /none was given/);
  assert.deepEqual(missing.clientCertificate?.acceptableAuthorities, [
    'CN=Quayside Test Root,O=Quayside Test Trust,C=NL',
  ]);
  assert.ok(missing.clientCertificate?.signatureAlgorithms.includes('ecdsa_secp256r1_sha256'));
  const foreign = await check(port, { client: client('selfsigned') });
  assert.deepEqual(detail(foreign)[2], ['root_in_chain', 'issuer_not_acceptable']);
  const good = await check(port, { client: client('rsa2048') });
  assert.deepEqual(detail(good), ['connected', undefined, ['root_in_chain']]);
  assert.equal(good.clientCertificate?.sent, true);
  const unasked = await check(await broker({}), { client: client('p256') });
  assert.deepEqual(detail(unasked), ['connected', undefined, ['not_requested']]);
});

test('a key whose signatures the server does not accept: the client stays anonymous, with a warning', async () => {
  const port = await broker({
    requestCert: true,
    rejectUnauthorized: false,
    ca: root,
    sigalgs: 'ECDSA+SHA256',
  });
  const report = await check(port, { client: client('ed25519') });
  assert.deepEqual(detail(report), [
    'connected',
    undefined,
    ['root_in_chain', 'no_common_signature_algorithm'],
  ]);
  assert.equal(report.clientCertificate?.sent, false);
  assert.match(report.problems[1]?.says ?? '', /key of type Ed25519.*sends no certificate/);
});

test('a server of old versions only', async () => {
  const old: TlsOptions = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' };
  const report = await check(await broker(old));
  assert.equal(report.stage, 'tls');
  assert.match(report.why, /the server speaks only TLSv1\.1 and TLSv1/);
  const both = await check(await broker({ ...old, maxVersion: 'TLSv1.2' }));
  assert.deepEqual(detail(both), ['connected', undefined, ['old_version']]);
});

test('a port that speaks something else: MQTT, HTTP, silence, nothing', async () => {
  const mqtt = createTcpServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (bytes) => {
      if (bytes[0] === 0x10) socket.write(Buffer.from([0x20, 2, 0, 5]));
      else socket.destroy();
    });
  });
  const cases: [Server, RegExp][] = [
    [mqtt, /speaks MQTT without TLS/],
    [createHttpServer((_request, response) => response.end()), /speaks HTTP without TLS/],
    [createTcpServer((socket) => socket.on('error', () => undefined).resume()), /answers neither TLS/],
    [createTcpServer((socket) => socket.destroy()), /does not speak TLS/],
  ];
  for (const [one, why] of cases) {
    const report = await check(await listening(one), { stepMs: 400 });
    assert.deepEqual([report.stage, report.refusedBy], ['tls', 'server']);
    assert.match(report.why, why);
  }
  const nothing = await check(1);
  assert.deepEqual([nothing.stage, nothing.refusedBy], ['network', 'network']);
  assert.match(nothing.why, /nothing listens there.*ECONNREFUSED/);
  const nowhere = await check(1, { target: { host: 'no-such-host.invalid', port: 1 } });
  assert.equal(nowhere.stage, 'network');
});

test('over wss: connected, refused by status, HTTP without WebSocket, CONNACK, closed', async () => {
  const https = createHttpsServer(server, (_request, response) => response.writeHead(404).end());
  const sockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (all) => (all.has('mqtt') ? 'mqtt' : false),
  });
  https.on('upgrade', (request, socket, head) => {
    if (request.url === '/forbidden')
      return socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n');
    sockets.handleUpgrade(request, socket, head, (one) => {
      one.once('message', () =>
        request.url === '/closes'
          ? one.close(1008)
          : one.send(Buffer.from([0x20, 2, 0, request.url === '/mqtt' ? 0 : 5])),
      );
    });
  });
  const port = await listening(https);
  const over = (path: string) => check(port, { path, username: 'u', password: 'p'.repeat(300) });
  const fine = await over('/mqtt');
  assert.deepEqual(
    [detail(fine), fine.upgrade],
    [['connected', undefined, []], { status: 101, subprotocol: 'mqtt' }],
  );
  const forbidden = await over('/forbidden');
  assert.deepEqual(
    [forbidden.stage, forbidden.refusedBy, forbidden.upgrade?.status],
    ['upgrade', 'server', 403],
  );
  const refused = await over('/refused');
  assert.deepEqual([refused.stage, refused.connack?.code], ['mqtt', 5]);
  const closes = await over('/closes');
  assert.deepEqual([closes.stage, closes.connack], ['mqtt', undefined]);
  const plain = createHttpsServer(server, (_request, response) => response.writeHead(404).end());
  const none = await check(await listening(plain), { path: '/mqtt' });
  assert.deepEqual([none.stage, none.upgrade?.status], ['upgrade', 404]);
  assert.match(none.why, /there is nothing at this path/);
  const forgotten = await check(port);
  assert.match(forgotten.why, /speaks HTTP: for MQTT over WebSockets pass --wss/);
  const wrongWay = await check(await broker({}), { path: '/mqtt' });
  assert.equal(wrongWay.stage, 'upgrade');
});

test('the command: files, exit codes, targets', async () => {
  const installation = new Installation();
  const port = await broker({ requestCert: true, rejectUnauthorized: true, ca: root });
  const at = (name: string): string => new URL(`../golden/pki/${name}.pem`, import.meta.url).pathname;
  const run = (...args: string[]) => installation.run(['tls', 'check', ...args]);
  const files = ['--ca', at('root.crt'), '--cert', at('p256.crt'), '--key', at('p256.key')];
  const fine = await run(`localhost:${port}`, ...files);
  assert.equal(fine.code, 0, fine.stdout + fine.stderr);
  assert.match(fine.stdout, /^OK {2}connected/);
  assert.match(fine.stdout, /^client certificate +requested, sent$/m);
  const refused = await run(`127.0.0.1:${port}`, '--ca', at('root.crt'));
  assert.equal(refused.code, 1);
  assert.match(refused.stdout, /^REFUSED by the server/);
  for (const [args, sentence] of [
    [['nonsense'], /a target is host:port/],
    [[`localhost:${port}`, '--cert', at('p256.crt')], /go together/],
    [
      [`localhost:${port}`, '--cert', at('p256.crt'), '--key', at('rsa2048.key')],
      /does not belong to the certificate/,
    ],
    [[`localhost:${port}`, '--ca', 'no-such-file'], /cannot be read \(ENOENT\)/],
    [[`localhost:${port}`, '--ca', at('p256.key')], /is not PEM that can be used/],
    [[`localhost:${port}`, '--timeout', 'soon'], /--timeout takes seconds/],
  ] as const) {
    const { code, stderr } = await run(...args);
    assert.equal(code, 2, stderr);
    assert.match(stderr, sentence);
  }
});

test('targets', () => {
  assert.deepEqual(parseTarget('broker:8883'), { host: 'broker', port: 8883, path: undefined });
  assert.deepEqual(parseTarget('[::1]:8883'), { host: '::1', port: 8883, path: undefined });
  assert.deepEqual(parseTarget('mqtts://broker'), { host: 'broker', port: 8883, path: undefined });
  assert.deepEqual(parseTarget('wss://broker/ws'), { host: 'broker', port: 443, path: '/ws' });
  for (const text of ['broker', 'broker:0', 'broker:70000', 'http://broker:1', 'a b:1', '']) {
    assert.equal(parseTarget(text), undefined, text);
  }
});
