import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { IClientOptions } from 'mqtt';
import { configFiles, type Identity, type Product } from '../../src/tools/product-config/options.ts';
import { PRODUCTS } from '../../src/tools/product-config/products.ts';
import { type CertificateBroker, startCertificateBroker } from '../support/certificate-broker.ts';
import { GOLDEN } from '../support/golden.ts';
import { without } from '../support/machine.ts';
import { connectOnce } from '../support/mqtt-client.ts';
import { Installation, type ServerProcess } from '../support/process.ts';
import { freePort, type RunningProxy, startApache, startHaproxy, startNginx } from '../support/proxies.ts';
import { startRabbitmq } from '../support/rabbitmq-node.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/*
 * The printed configurations at work: real products are started with them, with nothing changed but ports and the places of
 * certificates, and devices connect through each.
 */

const SECRET = 'the-secret-of-the-brokers';
const pki = (file: string): string => join(GOLDEN, 'pki', file);
const read = (file: string): string => readFileSync(file, 'utf8');

const BUNDLE = join(temporaryFolder(), 'server.pem');
execFileSync('sh', ['-c', `cat ${pki('server.crt.pem')} ${pki('server.key.pem')} > ${BUNDLE}`]);

let server: ServerProcess;
let broker: CertificateBroker;
let token: string;

before(async () => {
  const installation = new Installation({
    THINGPASS_SECRET: SECRET,
    THINGPASS_CERTIFICATE_FORMS: 'generic:nginx,forward_auth:nginx',
    THINGPASS_PROXIES: '127.0.0.1',
  });
  token = (await installation.json<{ secret: string }>('device', 'create', 'by-token')).secret;
  await installation.json('device', 'create', 'by-certificate', '--x509', pki('p256.crt.pem'));
  server = await installation.serve();
  broker = await startCertificateBroker(server.url, SECRET);
});
after(async () => {
  await broker.close();
  await server.stop();
});

/** The first file that the command prints, with these texts replaced; each must be there. */
function printed(
  name: string,
  identities: readonly Identity[],
  replaced: Readonly<Record<string, string>>,
): string {
  const product = PRODUCTS.find((one) => one.name === name) as Product;
  const options = { url: new URL(server.url), secret: SECRET, identities: new Set(identities) };
  let text = configFiles(product, options)[0]?.text ?? '';
  for (const [from, to] of Object.entries(replaced)) {
    assert.ok(text.includes(from), `${name} has no ${from}`);
    text = text.replaceAll(from, to);
  }
  return text;
}

const certificate = (name: string): IClientOptions => ({
  cert: read(pki(`${name}.crt.pem`)),
  key: read(pki(`${name}.key.pem`)),
});

async function getsIn(url: string, options: IClientOptions): Promise<boolean> {
  const result = await connectOnce(url, { clientId: 'any', rejectUnauthorized: false, ...options });
  if (result.accepted) await result.client.endAsync();
  return result.accepted;
}

const FORGED = {
  headers: {
    'X-SSL-Client-Cert': encodeURIComponent(read(pki('p256.crt.pem'))),
    'X-SSL-Client-Verify': 'SUCCESS',
    'Client-Cert': `:${read(pki('p256.crt.pem')).replace(/-----[^-]+-----|\s/g, '')}:`,
  },
};

test('nginx: tokens at one place, certificates at another, and nobody else', {
  skip: without('nginx'),
}, async (t) => {
  const nginx: RunningProxy = await startNginx((port) =>
    printed('nginx', ['token', 'certificate'], {
      'listen 443 ssl': `listen 127.0.0.1:${port} ssl`,
      '/etc/nginx/certs/server.pem': pki('server.crt.pem'),
      '/etc/nginx/certs/server.key': pki('server.key.pem'),
      '/etc/nginx/certs/devices-ca.pem': pki('root.crt.pem'),
      '127.0.0.1:8083': `127.0.0.1:${broker.wsPort}`,
    }),
  );
  t.after(() => nginx.stop());
  const plain = `wss://127.0.0.1:${nginx.port}/mqtt`;
  const asked = `wss://127.0.0.1:${nginx.port}/mqtt-certificate`;
  assert.equal(await getsIn(plain, { username: token }), true);
  assert.equal(await getsIn(plain, { username: 'unknown' }), false);
  assert.equal(await getsIn(asked, certificate('p256')), true);
  assert.equal(await getsIn(asked, certificate('rsa2048')), false, 'unknown');
  assert.equal(await getsIn(asked, { username: token }), false, 'no certificate');
  assert.equal(await getsIn(asked, { wsOptions: FORGED }), false, 'a header in the name of nginx');
  assert.equal(
    await getsIn(plain, { wsOptions: FORGED }),
    false,
    'the same where no certificate is asked for',
  );
});

test('HAProxy: MQTT with the name by PROXY protocol, WebSockets with the certificate', {
  skip: without('haproxy'),
}, async (t) => {
  // The broker of our own says of connections with PROXY protocol that they came to its listener "mqtts".
  const named = await startRelaying('generic:generic_name', {
    THINGPASS_CERTIFICATE_NAMES: 'generic:credential',
    THINGPASS_CERTIFICATE_ONLY_LISTENERS: 'generic:mqtts',
  });
  const relaying = await startRelaying('generic:haproxy');
  t.after(() => Promise.all([named.stop(), relaying.stop()]));
  const [web, tokens] = [await freePort(), await freePort()];
  const haproxy = await startHaproxy((port) =>
    printed('haproxy', ['token', 'certificate'], {
      'bind :8883': `bind 127.0.0.1:${tokens}`,
      'bind :8884': `bind 127.0.0.1:${port}`,
      'bind :443': `bind 127.0.0.1:${web}`,
      '/etc/haproxy/server.pem': BUNDLE,
      '/etc/haproxy/devices-ca.pem': pki('root.crt.pem'),
      '127.0.0.1:1883': `127.0.0.1:${relaying.broker.proxyPort}`,
      '127.0.0.1:1884': `127.0.0.1:${named.broker.proxyPort}`,
      '127.0.0.1:8083': `127.0.0.1:${relaying.broker.wsPort}`,
      // The broker of this test takes a health check for a client.
      ' check': '',
    }),
  );
  t.after(() => haproxy.stop());
  const certificates = `mqtts://127.0.0.1:${haproxy.port}`;
  assert.equal(await getsIn(certificates, certificate('p256')), true);
  assert.equal(await getsIn(certificates, certificate('rsa2048')), false, 'unknown');
  assert.equal(await getsIn(certificates, { username: named.token }), false, 'no certificate');
  assert.equal(await getsIn(`mqtts://127.0.0.1:${tokens}`, { username: relaying.token }), true);
  assert.equal(await getsIn(`mqtts://127.0.0.1:${tokens}`, { username: 'unknown' }), false);
  const url = `wss://127.0.0.1:${web}/mqtt`;
  assert.equal(await getsIn(url, certificate('p256')), true);
  assert.equal(await getsIn(url, certificate('rsa2048')), false, 'unknown');
  assert.equal(await getsIn(url, { username: relaying.token }), true);
  assert.equal(await getsIn(url, { wsOptions: FORGED }), false, 'a header in its name');
});

test('Apache: the certificate relayed', { skip: without('apache2') }, async (t) => {
  const relaying = await startRelaying('generic:apache');
  t.after(() => relaying.stop());
  const apache = await startApache((port) =>
    printed('apache', ['token', 'certificate'], {
      'Listen 443': `Listen 127.0.0.1:${port}`,
      '*:443': `*:${port}`,
      '/etc/apache2/certs/server.pem': pki('server.crt.pem'),
      '/etc/apache2/certs/server.key': pki('server.key.pem'),
      '/etc/apache2/certs/devices-ca.pem': pki('root.crt.pem'),
      '127.0.0.1:8083': `127.0.0.1:${relaying.broker.wsPort}`,
    }),
  );
  t.after(() => apache.stop());
  const url = `wss://127.0.0.1:${apache.port}/mqtt`;
  assert.equal(await getsIn(url, certificate('p256')), true);
  assert.equal(await getsIn(url, certificate('rsa2048')), false, 'unknown');
  assert.equal(await getsIn(url, { username: relaying.token }), true);
  assert.equal(await getsIn(url, { wsOptions: FORGED }), false, 'a header in its name');
});

test('RabbitMQ: a token gets in, an unknown one does not', { skip: without('rabbitmq') }, async (t) => {
  const node = await startRabbitmq({
    webhookUrl: 'not used',
    method: 'post',
    configuration: ({ mqtt, web }) =>
      `listeners.tcp = none\n${printed('rabbitmq', ['token', 'basic'], {
        'mqtt.listeners.tcp.default = 1883': `mqtt.listeners.tcp.default = 127.0.0.1:${mqtt}`,
        'web_mqtt.tcp.port = 15675': `web_mqtt.tcp.port = ${web}`,
      })}`,
  });
  t.after(() => node.stop());
  for (const url of [node.mqttUrl, node.webUrl]) {
    assert.equal(await getsIn(url, { username: token, password: 'not looked at' }), true, url);
    assert.equal(await getsIn(url, { username: 'unknown', password: 'x' }), false, url);
  }
});

/** ThingPass and a broker of our own that relays headers, where another form is switched on. */
async function startRelaying(forms: string, names: Record<string, string> = {}) {
  const installation = new Installation({
    THINGPASS_SECRET: SECRET,
    THINGPASS_CERTIFICATE_FORMS: forms,
    ...names,
    THINGPASS_PROXIES: '127.0.0.1',
  });
  const made = await installation.json<{ secret: string }>('device', 'create', 'by-token');
  await installation.json('device', 'create', 'by-certificate', '--x509', pki('p256.crt.pem'));
  const serving = await installation.serve();
  const relay = await startCertificateBroker(serving.url, SECRET);
  return {
    token: made.secret,
    broker: relay,
    async stop() {
      await relay.close();
      await serving.stop();
    },
  };
}
