import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { DIALECTS } from '../../../src/brokers/registry.ts';
import { readConfig } from '../../../src/config/config.ts';
import { isThingPassError } from '../../../src/model/errors.ts';
import { buildApp } from '../../../src/server/app.ts';
import { singleProcess } from '../../../src/server/process-group/group.ts';
import {
  configFiles,
  IDENTITIES,
  type Identity,
  type Product,
} from '../../../src/tools/product-config/options.ts';
import { PRODUCTS } from '../../../src/tools/product-config/products.ts';
import { DEFAULT_OPTIONS, folderOf } from './deploy-folder.ts';

const deploy = (path: string): URL => new URL(`../../../deploy/${path}`, import.meta.url);
const all = (product: Product) => ({ ...DEFAULT_OPTIONS, identities: new Set(product.identities) });

/** Each product with each choice of identities that it can bring. */
function choices(): [Product, ReadonlySet<Identity>][] {
  const sets: Identity[][] = [
    ['token'],
    ['basic'],
    ['certificate'],
    ['token', 'certificate'],
    [...IDENTITIES],
  ];
  return PRODUCTS.flatMap((product) =>
    sets
      .filter((set) => set.every((identity) => product.identities.includes(identity)))
      .map((set): [Product, ReadonlySet<Identity>] => [product, new Set(set)]),
  );
}

test('deploy/ holds what the command prints', () => {
  for (const product of PRODUCTS) {
    for (const { name, text } of configFiles(product, all(product))) {
      assert.equal(
        readFileSync(deploy(`${folderOf(product)}/${name}`), 'utf8'),
        text,
        `${product.name}: ${name}`,
      );
    }
  }
});

/** Ways to run ThingPass itself, and what goes with no configuration of a product. */
const NO_PRODUCTS = ['aedes', 'docker', 'grafana', 'kubernetes', 'systemd', 'thingsboard'];

test('every other folder of deploy/ is a product’s', () => {
  const folders = readdirSync(deploy(''), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const expected = new Set([...NO_PRODUCTS, ...PRODUCTS.map(folderOf)]);
  assert.deepEqual(folders.map(({ name }) => name).sort(), [...expected].sort());
});

test('every product has its folder with a README', () => {
  for (const product of PRODUCTS) {
    assert.ok(readdirSync(fileURLToPath(deploy(folderOf(product)))).includes('README.md'), product.name);
  }
});

test('the URL and the secret stand wherever they belong, and the defaults nowhere', () => {
  const secret = 'another-secret-of-mine';
  for (const [product, identities] of choices()) {
    const options = { url: new URL('http://auth.example.org:9999/below'), secret, identities };
    for (const { name, text } of configFiles(product, options)) {
      const place = `${product.name} ${name} for ${[...identities]}`;
      assert.doesNotMatch(text, /127\.0\.0\.1:8080|CHANGE-ME-at-least/, place);
      assert.doesNotMatch(text, /undefined|\[object|NaN/, place);
      if (ASKS.test(text)) {
        assert.ok(text.includes(secret), place);
        assert.ok(text.includes('auth.example.org'), place);
        assert.ok(/\/below\/|\/below"/.test(text), place);
      }
    }
  }
});

test('what is printed asks endpoints that there are', () => {
  const paths = new Set(DIALECTS.flatMap(({ endpoints }) => endpoints.map(({ path }) => path)));
  paths.add('/emqx/provision');
  for (const [product, identities] of choices()) {
    const options = { ...DEFAULT_OPTIONS, url: new URL('http://asked'), identities };
    for (const { name, text } of configFiles(product, options)) {
      for (const [, path = ''] of text.matchAll(/@?asked(?::80)?(?:\/k\/[^/]+)?(\/[a-z0-9/_-]+)/g)) {
        assert.ok(paths.has(path), `${product.name} ${name}: ${path}`);
      }
    }
  }
});

test('certificates are mentioned only where they are wanted, and then ThingPass is told', async () => {
  for (const [product, identities] of choices()) {
    const options = { ...DEFAULT_OPTIONS, identities };
    const text = configFiles(product, options)
      .map((file) => file.text)
      .join('\n');
    const wanted = identities.has('certificate');
    if (!['tbmq', 'emqx4', 'nanomq-bridge'].includes(product.name) && !wanted) {
      assert.doesNotMatch(
        text.replaceAll(
          /^.*(del-header|unset|set_header|request_header|server|Server|SSLCertificate).*$/gm,
          '',
        ),
        /devices-ca|verify_peer|cert_pem/i,
        product.name,
      );
    }
    const settings = Object.fromEntries(
      product.settings(options).map((line) => line.split(/=(.*)/s).slice(0, 2)),
    );
    if (!wanted) assert.deepEqual(settings, {}, product.name);
    // The server takes them: forms that there are, for callers that prove themselves.
    const config = readConfig({ ...settings, THINGPASS_SECRET: options.secret });
    const app = await buildApp({
      brokers: config.brokers,
      decider: { decide: async () => assert.fail('nobody asks') },
      ...(await parts()),
    });
    await app.close();
  }
});

/** How files name ThingPass's secret or place. */
const ASKS = /thingpass.secret|thingpass:|http_host|\/k\//i;

async function parts() {
  const [{ pino }, { createDecisionLog }, { Metrics }] = await Promise.all([
    import('pino'),
    import('../../../src/server/logging/decision-log.ts'),
    import('../../../src/server/metrics/metrics.ts'),
  ]);
  const log = pino({ level: 'silent' });
  const metrics = new Metrics();
  return {
    decisionLog: createDecisionLog(log),
    decisionMetrics: metrics.decisions,
    metrics: () => metrics.families(),
    health: { stopping: false, check: async () => undefined },
    log,
    processes: singleProcess(),
  };
}

test('what a product cannot do is refused in words', () => {
  const product = (name: string) => PRODUCTS.find((one) => one.name === name) as Product;
  const refused = (name: string, options: object, message: RegExp) =>
    assert.throws(
      () => configFiles(product(name), { ...all(product(name)), ...options }),
      (error: Error) => isThingPassError(error, 'product_options_invalid') && message.test(error.message),
    );
  refused('nanomq', { url: new URL('https://auth.example.org') }, /whom to trust/);
  refused('mosquitto', { identities: new Set(['certificate']) }, /mosquitto cannot bring "certificate"/);
  refused('emqx', { version: '4.4' }, /known for 5\.8/);
  refused('rabbitmq', { version: '3.12' }, /same for all its versions/);
  refused('emqx', { secret: 'short' }, /at least 16/);
  refused('emqx', { secret: 'with "quotes" and $(more)' }, /letters, digits/);
  refused('emqx', { url: new URL('http://user@auth.example.org') }, /without user/);
  refused('emqx', { url: new URL('ftp://auth.example.org') }, /http:\/\//);
});

test('EMQX 5.8 is spared what it does not know, and Mosquitto gets the file of its plugin', () => {
  const text = (name: string, version: string) => {
    const product = PRODUCTS.find((one) => one.name === name) as Product;
    return configFiles(product, { ...all(product), version })
      .map((file) => `${file.name}\n${file.text}`)
      .join('\n');
  };
  assert.doesNotMatch(text('emqx', '5.8'), /node_cache/);
  assert.match(text('emqx', '6.2'), /node_cache\.enable = false/);
  assert.match(text('mosquitto', 'lhns'), /^mosquitto-lhns\.conf\n/);
  assert.match(text('mosquitto', 'iegomez'), /^mosquitto\.conf\n/);
});
