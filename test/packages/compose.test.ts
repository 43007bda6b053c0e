import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { readConfig } from '../../src/config/config.ts';
import { BROKER_PRODUCTS } from '../../src/model/question.ts';
import { PRODUCTS } from '../../src/tools/product-config/products.ts';
import { DEFAULT_OPTIONS } from '../tools/product-config/deploy-folder.ts';

const FOLDER = fileURLToPath(new URL('../../deploy/docker', import.meta.url));
const read = (path: string): string => readFileSync(join(FOLDER, path), 'utf8');

interface Service {
  readonly image?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly env_file?: string;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly network_mode?: string;
  readonly extends?: { readonly file: string; readonly service: string };
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes?: Readonly<Record<string, null>>;
}

/** The part of the Compose specification that these files use; whatever else stands in them is a mistake. */
const texts = { type: 'array', items: { type: 'string' }, uniqueItems: true };
const isCompose = new Ajv({ strict: true }).compile<Compose>({
  type: 'object',
  required: ['services'],
  additionalProperties: false,
  properties: {
    services: {
      type: 'object',
      additionalProperties: {
        type: 'object',
        additionalProperties: false,
        properties: {
          image: { type: 'string', pattern: '^[a-z0-9./_-]+:[0-9]+\\.[0-9]+\\.[0-9]+[a-z0-9._-]*$' },
          extends: {
            type: 'object',
            additionalProperties: false,
            required: ['file', 'service'],
            properties: { file: { type: 'string' }, service: { type: 'string' } },
          },
          restart: { enum: ['no', 'always', 'on-failure', 'unless-stopped'] },
          network_mode: { type: 'string', pattern: '^service:[a-z]+$' },
          depends_on: {
            type: 'object',
            additionalProperties: {
              type: 'object',
              additionalProperties: false,
              required: ['condition'],
              properties: {
                condition: { enum: ['service_started', 'service_healthy', 'service_completed_successfully'] },
                restart: { type: 'boolean' },
              },
            },
          },
          env_file: { type: 'string' },
          environment: { type: 'object', additionalProperties: { type: 'string' } },
          ports: { ...texts, items: { type: 'string', pattern: '^[0-9]+:[0-9]+$' } },
          volumes: texts,
          user: { type: 'string' },
          read_only: { type: 'boolean' },
          cap_drop: texts,
          security_opt: texts,
        },
      },
    },
    volumes: { type: 'object', additionalProperties: { type: 'null' } },
  },
});

const BASE = 'compose.thingpass.yaml';
const base = parse(read(BASE)) as Compose;
const files = readdirSync(FOLDER).filter((name) => name.startsWith('compose.') && name !== BASE);
const brokerOf = (file: string): string => file.split('.')[1] ?? '';

test('every broker has a file, but for those that nobody packed into one', () => {
  const packed = BROKER_PRODUCTS.filter((broker) => files.some((file) => brokerOf(file) === broker));
  assert.equal(packed.length, files.length, 'each file is a broker’s');
  for (const broker of ['emqx', 'mosquitto', 'nanomq', 'rabbitmq', 'rmqtt', 'tbmq', 'vernemq'] as const)
    assert.ok(packed.includes(broker), broker);
});

test('ThingPass runs as its image does, with nothing writable but its data, and its secret from a file', () => {
  const { thingpass } = base.services;
  assert.ok(isCompose(base), JSON.stringify(isCompose.errors));
  const { version } = JSON.parse(read('../../package.json')) as { version: string };
  assert.equal(thingpass?.image, `thingpass:${version}`);
  const { user, read_only, cap_drop, volumes, env_file } = thingpass as Record<string, unknown>;
  assert.deepEqual(
    { user, read_only, cap_drop, volumes, env_file },
    {
      user: '65532',
      read_only: true,
      cap_drop: ['ALL'],
      volumes: ['thingpass:/data'],
      env_file: 'thingpass.env',
    },
  );
  const image = read('Dockerfile');
  // Its condition is the image's own health check.
  assert.match(image, /^HEALTHCHECK .* "health"\]$/m);
  assert.match(image, /^COPY .*--chown=65532:65532 .* \/data$/m);
});

/** What a generated configuration listens on, by its own words. */
const LISTENS =
  /^ *(?:bind = "0\.0\.0\.0:|listener |mqtt\.listeners\.tcp\.default = |web_mqtt\.tcp\.port = |listener\.\w+\.\w+(?:\.addr)? = "?0\.0\.0\.0:)(\d+)/gm;

for (const file of files) {
  test(`${file}: mounts that there are, the ports of the configuration, the settings that go with it`, () => {
    const compose = parse(read(file)) as Compose;
    assert.ok(isCompose(compose), JSON.stringify(isCompose.errors));
    const name = brokerOf(file);
    const { thingpass, ...others } = compose.services;
    assert.deepEqual(thingpass?.extends, { file: BASE, service: 'thingpass' });

    const product = PRODUCTS.find((one) => one.name === name);
    assert.ok(product !== undefined);
    const wanted = product.settings({ ...DEFAULT_OPTIONS, identities: new Set(product.identities) });
    assert.deepEqual(
      Object.entries(thingpass?.environment ?? {}).map(([setting, value]) => `${setting}=${value}`),
      wanted,
    );
    const environment = { ...base.services.thingpass?.environment, ...thingpass?.environment };
    const config = readConfig({ ...environment, THINGPASS_SECRET: 'a-secret-of-the-broker' });
    assert.equal(config.host, '127.0.0.1');

    if (name === 'tbmq') {
      // Its own Compose file has the broker.
      assert.deepEqual([thingpass?.network_mode, others], ['service:tbmq', {}]);
      return;
    }
    assert.deepEqual(Object.keys(others), [name]);
    const broker = others[name];
    assert.equal(broker?.network_mode, 'service:thingpass', 'else 127.0.0.1 would be the broker itself');
    checkMounts(broker, compose);
    const text = mountedText(broker);
    assert.ok(
      text.includes('127.0.0.1') && text.includes(DEFAULT_OPTIONS.secret),
      'the generated configuration',
    );
    const listens = [...text.matchAll(LISTENS)].map(([, port]) => `${port}:${port}`);
    assert.deepEqual([...(thingpass?.ports ?? [])].sort(), listens.sort());
  });
}

function checkMounts({ volumes = [] }: Service, compose: Compose): void {
  for (const mount of volumes) {
    const [source = '', , mode] = mount.split(':');
    if (!source.startsWith('.')) assert.ok(source in (compose.volumes ?? {}), mount);
    else assert.equal(mode, 'ro', mount);
    if (source.startsWith('.') && source !== './certs') assert.ok(existsSync(join(FOLDER, source)), mount);
  }
}

/** All files that are mounted; certificates only where the configuration looks for them. */
function mountedText({ volumes = [] }: Service): string {
  const pairs = volumes.map((mount) => mount.split(':') as [string, string]);
  const text = pairs
    .filter(([source]) => source.startsWith('../'))
    .map(([source]) => read(source))
    .join('\n');
  const inUse = text.replace(/^\s*#.*$/gm, '');
  const certificates = pairs.find(([source]) => source === './certs');
  const named = [...inUse.matchAll(/"(\/[^"]*\/)(?:server\.pem|server\.key|devices-ca\.pem)"/g)].map(
    ([, folder]) => folder,
  );
  assert.deepEqual(new Set(named), new Set(certificates === undefined ? [] : [`${certificates[1]}/`]));
  return inUse;
}
