// biome-ignore-all lint/suspicious/noTemplateCurlyInString: placeholders of the products themselves
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { diagnose, READ_PRODUCTS } from '../../../../src/tools/product-config/check/diagnose.ts';
import {
  configFiles,
  IDENTITIES,
  type Identity,
  type Product,
} from '../../../../src/tools/product-config/options.ts';
import { PRODUCTS } from '../../../../src/tools/product-config/products.ts';

const OPTIONS = { url: new URL('http://10.0.0.5:8080'), secret: 'f3a1c59be0724d68' };

function generated(name: string, identities: readonly Identity[], version?: string, file?: string): string {
  const product = PRODUCTS.find((one) => one.name === name) as Product;
  const files = configFiles(product, { ...OPTIONS, identities: new Set(identities), version });
  return (files.find((one) => one.name === file) ?? files[0])?.text ?? assert.fail(name);
}

const SETS: readonly (readonly Identity[])[] = [
  ...[
    ['token'],
    ['basic'],
    ['certificate'],
    ['token', 'basic'],
    ['token', 'certificate'],
    ['basic', 'certificate'],
  ],
  IDENTITIES,
] as const as readonly (readonly Identity[])[];

test('no trap is found in any file that is generated, and each is known for what it is', () => {
  let files = 0;
  for (const product of PRODUCTS) {
    const reader = product.name.replace('-bridge', '');
    if (!READ_PRODUCTS.includes(reader)) continue;
    const sets = SETS.filter((set) => set.every((one) => product.identities.includes(one)));
    for (const identities of sets) {
      for (const version of [undefined, ...(product.versions ?? [])]) {
        for (const { name, text } of configFiles(product, {
          ...OPTIONS,
          identities: new Set(identities),
          version,
        })) {
          const place = `${product.name} ${name} for ${identities} ${version}`;
          assert.deepEqual(diagnose(text, undefined, version), { product: reader, traps: [] }, place);
          assert.deepEqual(diagnose(text.replaceAll('\n', '\r\n'), undefined, version)?.traps, [], place);
          files++;
        }
      }
    }
  }
  assert.ok(files > 100, String(files));
});

test('the configurations in deploy/ that no command prints have no traps either', () => {
  const text = readFileSync(new URL('../../../../deploy/haproxy/replicas.cfg', import.meta.url), 'utf8');
  assert.deepEqual(diagnose(text), { product: 'haproxy', traps: [] });
});

/** A line of a generated file, what is put in its place (nothing: it is taken out), and what is then found, on which line's text. */
type Planted = readonly [
  line: RegExp,
  instead: string,
  detail: RegExp,
  options?: { level?: 'advice'; nth?: number; file?: string; only?: readonly Identity[]; version?: string },
];

const EMQX: readonly Planted[] = [
  [/^ {4}method = post$/, '    method = get', /passwords end up in URLs/],
  [/^ {6}method = post$/, '', /passwords end up in URLs/],
  [/^ {6}x-thingpass-secret = .*/, '', /sends no secret/],
  [/^ {8}x-thingpass-secret = .*/, '', /sends no secret/],
  [
    /^ {6}x-thingpass-secret = .*/,
    '      x-thingpass-secret = "CHANGE-ME-at-least-16-characters"',
    /the placeholder/,
  ],
  [/^ {6}content-type = .*/, '', /no content-type/],
  [
    /^ {8}content-type = .*/,
    '        content-type = "application/json; charset=utf-8"',
    /nothing usable is sent/,
  ],
  [
    /^ {6}content-type = .*/,
    '      content-type = "application/json"\n      x-client = "${clientid}"',
    /client’s own text goes into the header x-client/,
  ],
  [/^ {6}password = .*/, '', /body does not tell password/],
  [/^ {8}clientid = .*/, '', /body does not tell clientid/],
  [/^ {8}topic = .*/, '', /body does not tell topic/],
  [/^ {8}client_attrs__thingpass = .*/, '', /does not say who was let in/, { level: 'advice' }],
  [/^ {8}peerhost = .*/, '        listener = "${listener}"', /EMQX 5\.8 does not know/],
  [/^ {2}no_match = deny$/, '  no_match = allow', /does not answer in time is allowed/],
  [/^ {2}no_match = deny$/, '', /does not answer in time is allowed/],
  [
    /^ {2}sources = \[$/,
    '  sources = [\n    { type = file, path = "etc/acl.conf" }',
    /"file" may allow topics before/,
  ],
  [/^ {4}ttl = 15s$/, '    ttl = 5m', /rules change that late/, { level: 'advice' }],
  [/^ {4}request_timeout = 5s$/, '', /waits up to 30 s/, { level: 'advice' }],
  [/^authorization\.node_cache.*/, 'authorization.node_cache.enable = true', /kept for a minute/],
  [/^authentication_settings\.node_cache.*/, '', /kept for a minute/, { version: '6.2' }],
  [/^ {2}no_match = deny$/, '  no_match = deny\n  include_mountpoint = true', /mount point in front/],
  [/^ {4}verify = verify_peer$/, '', /self-signed certificate is forwarded/],
  [/^ {4}fail_if_no_peer_cert = true$/, '', /without a certificate come through/],
  [
    /^ {4}fail_if_no_peer_cert = true$/,
    '    fail_if_no_peer_cert = false',
    /without a certificate come through/,
  ],
  [/^ {2}# mountpoint = .*/, '  mountpoint = "devices/${clientid}/"', /whose tree they are in/],
  [/^ {4}backend = http$/, '    backend = http\n    enable = false', /lets everybody in/],
  [/^ {4}max_retries = 0$/, '    max_retries = 2', /is made again/, { file: 'provisioning.conf' }],
  [
    /^ {4}max_retries = 0$/,
    '    max_retries = 0\n    body = "{\\"p\\": \\"${payload}\\"}"',
    /lets a client add members/,
    { file: 'provisioning.conf' },
  ],
  [
    /^ {2}sql = .*/,
    '  sql = """SELECT clientid, topic, payload FROM "devices/+//provision/request" """',
    /no UTF-8/,
    { file: 'provisioning.conf' },
  ],
  [
    /^ {2}sql = .*/,
    '  sql = """SELECT clientid, topic, base64_encode(payload) as payload FROM "devices/+/provision/request" """',
    /no request is found/,
    { file: 'provisioning.conf' },
  ],
];

const NANOMQ: readonly Planted[] = [
  [/^ {6}method = "post"$/, '', /crashes at its start/],
  [/^ {6}method = "post"$/, '      method = "get"', /passwords end up in URLs/, { nth: 1 }],
  [/^ {6}headers\.content-type = .*/, '', /no content-type/],
  [
    /^ {6}headers\.content-type = .*/,
    '      headers.content-type = "application/json; charset=utf-8"',
    /nothing usable/,
  ],
  [/^ {6}headers\.x-thingpass-secret = .*/, '', /sends no secret/, { nth: 1 }],
  [
    /^ {6}headers\.x-thingpass-secret = .*/,
    '      headers.x-user = "%u"\n      headers.x-thingpass-secret = "f3a1c59be0724d68"',
    /client’s own text/,
  ],
  [/^ {6}url = .*auth"$/, '      url = "https://10.0.0.5:8080/nanomq/auth"', /no authority to trust/],
  [/^ {2}allow_anonymous = true$/, '  allow_anonymous = false', /refused without asking/],
  [/^ {4}timeout = 2s$/, '    timeout = 30s', /all wait/, { level: 'advice' }],
  [/^ {4}timeout = 2s$/, '    timeout = 2s\n    cache_ttl = 60s', /allows everything/],
  [
    /^ {4}timeout = 2s$/,
    '    timeout = 2s\n    super_req { url = "http://10.0.0.5:8080/nanomq/superuser", method = "post" }',
    /always says no/,
    { level: 'advice' },
  ],
  [
    /^ {2}allow_anonymous = true$/,
    '  allow_anonymous = true\n  password = { include = "/etc/nanomq_pwd.conf" }',
    /has to allow as well/,
    { level: 'advice' },
  ],
  [/^ {2}verify_peer = true$/, '', /self-signed/],
  [/^ {2}fail_if_no_peer_cert = true$/, '  fail_if_no_peer_cert = false', /self-signed/],
  [
    /^ {6}params = .*/,
    '      params = {clientid = "%c", username = "%u", password = "%p"}',
    /listener’s port/,
  ],
  [
    /^ {6}params = .*/,
    '      params = {clientid = "%c", username = "%u", access = "%A", topic = "%t"}',
    /does not tell password/,
    { nth: 1 },
  ],
];

const MOSQUITTO: readonly Planted[] = [
  [/^auth_opt_cache false$/, 'auth_opt_cache true', /another’s answer/],
  [/^auth_opt_retry_count 1$/, 'auth_opt_retry_count 0', /is lost/],
  [/^auth_opt_retry_count 1$/, '', /is lost/],
  [
    /^auth_opt_http_host .*/,
    'auth_opt_http_host thingpass:f3a1c59be0724d68@10.0.0.5:8080',
    /host and port in one/,
  ],
  [/^auth_opt_http_host .*/, 'auth_opt_http_host 10.0.0.5', /sends no secret/],
  [/^auth_opt_http_port .*/, '', /there is no port/],
  [/^auth_opt_http_params_mode json$/, 'auth_opt_http_params_mode json # or form', /is part of it/],
  [/^auth_opt_http_timeout 2$/, '', /everybody waits/, { level: 'advice' }],
  [
    /^auth_opt_disable_superuser true$/,
    'auth_opt_http_superuser_uri /mosquitto/superuser',
    /always says no/,
    { level: 'advice' },
  ],
  [/^auth_opt_disable_superuser true$/, '', /looks for superusers/, { level: 'advice' }],
  [/^auth_opt_backends http$/, 'auth_opt_backends files, http', /every other backend/],
  [/^auth_opt_http_getuser_uri .*/, 'auth_opt_http_getuser_uri /mosquitto/text/user', /does not understand/],
  [/^allow_anonymous false$/, 'allow_anonymous true', /let in unasked/],
  [/^allow_anonymous false$/, 'allow_anonymous false\nmount_point devices/', /in front of each topic/],
  [/^auth_opt_http_timeout 2$/, 'auth_opt_http_timeout 2\nauth_opt_http_with_tls true', /any certificate/],
];

const RABBITMQ: readonly Planted[] = [
  [/^auth_http\.http_method.*/, 'auth_http.http_method = get', /passwords end up in URLs/],
  [/^auth_http\.http_method.*/, '', /passwords end up in URLs/],
  [
    /^auth_backends\.1 = http$/,
    'auth_backends.1 = http\nauth_backends.2 = internal',
    /"internal" may let in/,
  ],
  [/^auth_http\.request_timeout.*/, '', /15 s as installed/, { level: 'advice' }],
  [
    /^auth_http\.request_timeout.*/,
    'auth_http.request_timeout = 15000',
    /15 s as installed/,
    { level: 'advice' },
  ],
  [/^auth_http\.topic_path.*/, '', /topic_path is missing/],
  [
    /^auth_http\.vhost_path.*/,
    'auth_http.vhost_path = http://10.0.0.5:8080/rabbitmq/vhost',
    /sends no secret/,
  ],
  [/^mqtt\.allow_anonymous = false$/, 'mqtt.allow_anonymous = true # for now', /RabbitMQ’s own user/],
  [/^mqtt\.allow_anonymous = false$/, '', /RabbitMQ’s own user/],
  [/^mqtt\.vhost = \/$/, 'mqtt.vhost = devices', /allows \/ and nothing else/],
  [/^mqtt\.exchange = amq\.topic$/, 'mqtt.exchange = mine', /allows amq\.topic/],
  [
    /^ssl_options\.verify .*/,
    'ssl_options.verify = verify_none',
    /demanded and verified/,
    { only: ['certificate'] },
  ],
  [/^ssl_options\.fail_if_no_peer_cert .*/, '', /demanded and verified/, { only: ['certificate'] }],
];

const NGINX: readonly Planted[] = [
  [
    /^ {4}proxy_set_header X-SSL-Client-Cert \$.*/,
    '    proxy_set_header X-SSL-Client-Cert $ssl_client_cert;',
    /line breaks/,
  ],
  [/^ {4}proxy_set_header X-SSL-Client-Cert "";$/, '', /own X-SSL-Client-Cert would pass/],
  [/^ {4}proxy_set_header Client-Cert "";$/, '', /own Client-Cert would pass/, { nth: 2 }],
  [
    /^ {4}proxy_set_header X-SSL-Client-Verify \$.*/,
    '    proxy_set_header X-SSL-Client-Verify "";',
    /nothing says whether nginx verified/,
    { nth: 1 },
  ],
  [/^ {2}ssl_verify_client optional;$/, '  ssl_verify_client optional_no_ca;', /unknown issuers/],
  [/^ {4}proxy_set_header Authorization "";$/, '', /bring a token/],
  [/^ {4}proxy_set_header X-ThingPass-Secret .*/, '', /sends no secret/],
  [/^ {4}internal;$/, '', /reach this place themselves/],
  [/^ {4}proxy_read_timeout 1h;$/, '', /cut off after a minute/, { level: 'advice' }],
  [/^ {2}large_client_header_buffers .*/, '', /end in 400/, { level: 'advice' }],
];

const HAPROXY: readonly Planted[] = [
  [
    /^ {2}http-request set-header X-SSL-Client-Verify.*/,
    '  http-request set-header X-SSL-Client-Verify %[ssl_c_verify]',
    /set without a certificate too/,
  ],
  [/^ {2}http-request del-header X-SSL-Client-Cert$/, '', /own X-SSL-Client-Cert would pass/],
  [/^ {2}http-request del-header X-Forwarded-Client-Cert$/, '', /own X-Forwarded-Client-Cert would pass/],
  [
    /^ {2}server broker 127\.0\.0\.1:1883 .*/,
    '  server broker 127.0.0.1:1883 check send-proxy',
    /version 1 of PROXY/,
  ],
  [
    /^ {2}server broker 127\.0\.0\.1:1884 .*/,
    '  server broker 127.0.0.1:1884 check send-proxy-v2',
    /told no name/,
  ],
  [
    /^ {2}bind :8884 .*/,
    '  bind :8884 ssl crt /etc/haproxy/server.pem ca-file /etc/haproxy/devices-ca.pem verify optional',
    /where names count/,
  ],
  [
    /^ {2}bind :443 .*/,
    '  bind :443 ssl crt /etc/haproxy/server.pem ca-file /etc/ca.pem verify optional crt-ignore-err all ',
    /failed the verification/,
  ],
  [/^ {2}timeout client 1h$/, '  timeout client 50s', /cut off/, { level: 'advice' }],
];

for (const [name, planted] of Object.entries({
  emqx: EMQX,
  nanomq: NANOMQ,
  mosquitto: MOSQUITTO,
  rabbitmq: RABBITMQ,
  nginx: NGINX,
  haproxy: HAPROXY,
})) {
  const product = PRODUCTS.find((one) => one.name === name) as Product;
  for (const [
    pattern,
    instead,
    detail,
    { level = 'problem', nth = 0, file, only, version } = {},
  ] of planted) {
    test(`${name}: ${pattern.source} → ${instead.trim().split('\n').at(-1) || 'taken out'}`, () => {
      const lines = generated(name, only ?? product.identities, version, file).split('\n');
      const at = lines.flatMap((line, index) => (pattern.test(line) ? [index] : []))[nth];
      assert.ok(at !== undefined, 'the generated file has no such line any more');
      const changed = [
        ...lines.slice(0, at),
        ...(instead === '' ? [] : instead.split('\n')),
        ...lines.slice(at + 1),
      ];
      const diagnosis = diagnose(changed.join('\n'), undefined, version);
      assert.equal(diagnosis?.product, name);
      const traps = diagnosis.traps;
      assert.equal(traps.length, 1, JSON.stringify(traps));
      assert.match(traps[0]?.detail ?? '', detail);
      assert.equal(traps[0]?.level, level);
      assert.ok((traps[0]?.mend.length ?? 0) > 8);
      const line = traps[0]?.line as number;
      // What was changed is named by its own line; what is missing, by a line of its block above or beside it.
      if (instead === '') assert.ok(line >= 1 && line <= lines.length);
      else
        assert.ok(
          line >= at + 1 && line <= at + instead.split('\n').length + 10,
          `line ${line}, changed ${at + 1}`,
        );
    });
  }
}

test('what looks like no product is not guessed', () => {
  assert.equal(diagnose('hello = world\n'), undefined);
  assert.equal(diagnose('', 'traefik'), undefined);
  assert.equal(diagnose('', 'emqx')?.product, 'emqx');
});

test('no text makes a reader fail or hang', () => {
  const seeds = READ_PRODUCTS.map((name) => generated(name, ['token']));
  for (const name of READ_PRODUCTS) {
    for (const seed of seeds) {
      for (let cut = 0; cut < seed.length; cut += 97) diagnose(`${seed.slice(cut)}{["`, name);
    }
    for (const odd of ['{', '}', '[[[[', ']', '"', '"""', '= = =', '\\', '+=', ': :', '${', '#', ',,,'])
      assert.ok(diagnose(odd.repeat(50), name));
  }
});
