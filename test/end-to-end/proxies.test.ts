import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { connect } from 'node:tls';
import type { IClientOptions } from 'mqtt';
import { type CertificateBroker, startCertificateBroker } from '../support/certificate-broker.ts';
import { serviceOf } from '../support/device-service.ts';
import { GOLDEN } from '../support/golden.ts';
import { without } from '../support/machine.ts';
import { connectOnce } from '../support/mqtt-client.ts';
import { OpenedDevices } from '../support/prisma.ts';
import { type RunningProxy, startHaproxy, startNginx } from '../support/proxies.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/*
 * TLS ended by real proxies: MQTT clients over wss through nginx, whose header the broker relays or which asks by itself,
 * and over mqtts through HAProxy, which hands on the common name by PROXY protocol v2.
 */

const SECRET = 'a-secret-of-the-broker';
const TOKEN = 'a-token-that-is-known';
const pki = (file: string): string => join(GOLDEN, 'pki', file);
const read = (file: string): string => readFileSync(file, 'utf8');

const noNginx = without('nginx');
const noHaproxy = without('haproxy');

let thingpass: TestServer;
let broker: CertificateBroker;
let nginx: RunningProxy | undefined;
let haproxy: RunningProxy | undefined;
const made = makeFakes();

/** Certificates that must not get in: the name of a device on a self-made one, and one signed by a device's certificate. */
function makeFakes() {
  const folder = temporaryFolder();
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const key = (name: string) => [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-keyout',
    `${name}.key`,
  ];
  openssl('req', '-x509', ...key('self'), '-subj', '/CN=meter-0003', '-days', '30', '-out', 'self.crt');
  openssl('req', ...key('under'), '-subj', '/CN=meter-0003', '-out', 'under.csr');
  openssl(
    ...['x509', '-req', '-in', 'under.csr', '-CA', pki('p256.crt.pem'), '-CAkey', pki('p256.key.pem')],
    ...['-set_serial', '7', '-days', '30', '-out', 'under.crt'],
  );
  return {
    self: { cert: read(join(folder, 'self.crt')), key: read(join(folder, 'self.key')) },
    signedByDevice: {
      cert: read(join(folder, 'under.crt')) + read(pki('p256.crt.pem')),
      key: read(join(folder, 'under.key')),
    },
  };
}

const client = (name: string): IClientOptions => ({
  cert: read(pki(`${name}.crt.pem`)),
  key: read(pki(`${name}.key.pem`)),
});

before(async () => {
  thingpass = await startTestServer({
    THINGPASS_SECRET: SECRET,
    THINGPASS_CERTIFICATE_FORMS: 'generic:nginx,generic:generic_name,forward_auth:nginx',
    THINGPASS_CERTIFICATE_NAMES: 'generic:credential',
    THINGPASS_CERTIFICATE_ONLY_LISTENERS: 'generic:mqtts',
    THINGPASS_PROXIES: '127.0.0.1',
  });
  const devices = await OpenedDevices.open(thingpass.config.database);
  const service = serviceOf(devices);
  for (const name of ['p256', 'expired']) {
    const request = { kind: 'x509', certificate: read(pki(`${name}.crt.pem`)) } as const;
    await service.create({ name: `device-${name}`, profileName: 'default', gateway: false, request });
  }
  await service.create({
    name: 'by-token',
    profileName: 'default',
    gateway: false,
    request: { kind: 'access_token', token: TOKEN },
  });
  await devices.close();
  broker = await startCertificateBroker(thingpass.url, SECRET);
  if (!noNginx) nginx = await startNginx((port) => nginxConfiguration(port));
  if (!noHaproxy) haproxy = await startHaproxy((port) => haproxyConfiguration(port));
});
after(async () => {
  await nginx?.stop();
  await haproxy?.stop();
  await broker.close();
  await thingpass.close();
});

/** `optional_no_ca`: nginx asks for a certificate and says what it thinks of it; ThingPass decides. */
function nginxConfiguration(port: number): string {
  const upgrade =
    'proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;';
  const certificate =
    'proxy_set_header X-SSL-Client-Verify $ssl_client_verify; proxy_set_header X-SSL-Client-Cert $ssl_client_escaped_cert;';
  return `
    large_client_header_buffers 4 64k;
    server {
      listen 127.0.0.1:${port} ssl;
      ssl_certificate ${pki('server.crt.pem')};
      ssl_certificate_key ${pki('server.key.pem')};
      ssl_client_certificate ${pki('root.crt.pem')};
      ssl_verify_client optional_no_ca;
      location /relayed {
        proxy_pass http://127.0.0.1:${broker.wsPort}; ${upgrade} ${certificate}
      }
      location /asked {
        auth_request /thingpass;
        proxy_pass http://127.0.0.1:${broker.wsPort}; ${upgrade} ${certificate}
      }
      location = /thingpass {
        internal;
        proxy_pass ${thingpass.url}/forward-auth;
        proxy_pass_request_body off;
        proxy_set_header Content-Length "";
        proxy_set_header X-ThingPass-Secret ${SECRET};
        ${certificate}
      }
    }`;
}

function haproxyConfiguration(port: number): string {
  const bundle = join(temporaryFolder(), 'server.pem');
  execFileSync('sh', ['-c', `cat ${pki('server.crt.pem')} ${pki('server.key.pem')} > ${bundle}`]);
  return `
global
  log stderr format raw local0 warning
defaults
  mode tcp
  timeout connect 5s
  timeout client 30s
  timeout server 30s
listen mqtts
  bind 127.0.0.1:${port} ssl crt ${bundle} ca-file ${pki('root.crt.pem')} verify optional crt-ignore-err all ca-ignore-err all
  server broker 127.0.0.1:${broker.proxyPort} send-proxy-v2 proxy-v2-options ssl,cert-cn
`;
}

type Path = {
  readonly name: string;
  readonly url: () => string;
  readonly skip: string | false;
  /** The proxy that asks by itself knows nothing of what CONNECT holds, and lets nobody through without a certificate. */
  readonly tokenGetsIn: boolean;
};
const PATHS: readonly Path[] = [
  {
    name: 'wss, the header relayed',
    url: () => `wss://127.0.0.1:${nginx?.port}/relayed`,
    skip: noNginx,
    tokenGetsIn: true,
  },
  {
    name: 'wss, nginx asks',
    url: () => `wss://127.0.0.1:${nginx?.port}/asked`,
    skip: noNginx,
    tokenGetsIn: false,
  },
  {
    name: 'mqtts, PROXY protocol v2',
    url: () => `mqtts://127.0.0.1:${haproxy?.port}`,
    skip: noHaproxy,
    tokenGetsIn: false,
  },
];

for (const { name, url, skip, tokenGetsIn } of PATHS) {
  const attempt = async (options: IClientOptions) => {
    const result = await connectOnce(url(), { clientId: 'any', rejectUnauthorized: false, ...options });
    if (result.accepted) await result.client.endAsync();
    return result.accepted;
  };

  test(`${name}: a known certificate gets in`, { skip }, async () => {
    assert.equal(await attempt(client('p256')), true);
  });

  test(`${name}: nobody else does`, { skip }, async () => {
    assert.equal(await attempt(client('rsa2048')), false, 'unknown');
    assert.equal(await attempt(client('expired')), false, 'expired');
    assert.equal(await attempt(made.self), false, 'self-made with the right name');
    assert.equal(await attempt(made.signedByDevice), false, 'signed by another device’s certificate');
    assert.equal(await attempt({ username: 'nobody' }), false, 'none at all');
    const token = { username: TOKEN, password: '' };
    assert.equal(
      await attempt({ ...client('rsa2048'), ...token }),
      false,
      'unknown, with a token that is known',
    );
    assert.equal(await attempt({ ...made.self, ...token }), false, 'self-made, with a token that is known');
  });

  test(`${name}: a token without a certificate, ${tokenGetsIn ? 'as on any listener' : 'where certificates are demanded'}`, {
    skip,
  }, async () => {
    assert.equal(await attempt({ username: TOKEN, password: '' }), tokenGetsIn);
  });

  if (!name.startsWith('wss')) continue;
  test(`${name}: a header that the client sends in the proxy’s name is worth nothing`, { skip }, async () => {
    const headers = {
      'X-SSL-Client-Cert': encodeURIComponent(read(pki('p256.crt.pem'))),
      'X-SSL-Client-Verify': 'SUCCESS',
    };
    assert.equal(await attempt({ wsOptions: { headers } }), false, 'without a certificate');
    assert.equal(await attempt({ ...client('rsa2048'), wsOptions: { headers } }), false, 'with another one');
    const underscores = Object.fromEntries(
      Object.entries(headers).map(([key, value]) => [key.replaceAll('-', '_'), value]),
    );
    assert.equal(await attempt({ wsOptions: { headers: underscores } }), false, 'in another spelling');
  });
}

test('mqtts: a PROXY protocol header that the client sends in the proxy’s name is worth nothing', {
  skip: noHaproxy,
}, async () => {
  // Version 2, a TCP4 connection, and the TLV that says: TLS, a certificate, verified, common name meter-0003.
  const name = Buffer.from('meter-0003');
  const ssl = Buffer.concat([Buffer.from([0x07, 0, 0, 0, 0, 0x22, 0, name.length]), name]);
  const body = Buffer.concat([Buffer.alloc(12, 1), Buffer.from([0x20, 0, ssl.length]), ssl]);
  const signature = Buffer.from('0d0a0d0a000d0a515549540a2111', 'hex');
  const header = Buffer.concat([signature, Buffer.from([0, body.length]), body]);
  const connectPacket = Buffer.from('100d00044d5154540402003c00016d', 'hex');
  const answer = (before: Buffer) =>
    new Promise<Buffer>((resolve) => {
      const socket = connect({ host: '127.0.0.1', port: haproxy?.port, rejectUnauthorized: false }, () => {
        socket.write(Buffer.concat([before, connectPacket]));
      });
      const chunks: Buffer[] = [];
      socket.on('data', (chunk: Buffer) => chunks.push(chunk));
      socket.on('error', () => undefined).once('close', () => resolve(Buffer.concat(chunks)));
    });
  // The same CONNECT without it is answered, so it is the header that nobody takes.
  assert.deepEqual([...(await answer(Buffer.alloc(0)))], [0x20, 2, 0, 5]);
  assert.equal((await answer(header)).length, 0);
});
