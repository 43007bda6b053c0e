import { readHocon } from '../check/hocon.ts';
import { type ConfigCheck, type Misconfiguration, Traps } from '../check/misconfiguration.ts';
import { type Settings, secondsOf } from '../check/parsed-config.ts';
import { checkHeaders } from '../check/secret.ts';

/** How the file is known, and what is looked for in it. */
export const emqxCheck: ConfigCheck = {
  looksLike: /^\s*(authentication|authorization|rule_engine|connectors|actions|listeners)\b[\w.]*\s*[={]/m,
  traps: emqxTraps,
};

/** What goes wrong in EMQX 5 and 6 (`brokers/emqx/emqx.md`, `deploy/emqx/README.md`). */
function emqxTraps(text: string, version: string | undefined): readonly Misconfiguration[] {
  const settings = readHocon(text);
  const traps = new Traps();
  const authenticators = blocksOf(settings, 'authentication', 'backend', 'http');
  for (const path of authenticators) checkAuthenticator(settings, path, traps);
  if (settings.has('authorization')) checkAuthorization(settings, traps);
  checkNodeCaches(settings, version, traps);
  const takesCertificates = authenticators.some((path) => settings.get(`${path}.body.cert_pem`));
  for (const kind of ['ssl', 'wss', 'tcp', 'ws', 'quic']) {
    for (const name of settings.namesBelow(`listeners.${kind}`)) {
      const path = `listeners.${kind}.${name}`;
      checkMountpoint(settings, path, traps);
      if (kind !== 'tcp' && kind !== 'ws') checkVerification(settings, path, takesCertificates, traps);
    }
  }
  checkProvisioning(settings, traps);
  return traps.found;
}

/** The blocks of a list, or the one block that stands without a list, with this value. */
function blocksOf(settings: Settings, path: string, member: string, value: string): string[] {
  const all = [path, ...settings.namesBelow(path).map((name) => `${path}.${name}`)];
  return all.filter((one) => settings.get(`${one}.${member}`)?.value === value);
}

function checkAuthenticator(settings: Settings, path: string, traps: Traps): void {
  const scram = settings.get(`${path}.mechanism`)?.value === 'scram';
  checkRequest(
    settings,
    path,
    scram ? ['clientid', 'username'] : ['clientid', 'username', 'password'],
    traps,
  );
  const enabled = settings.get(`${path}.enable`);
  if (enabled?.value === 'false')
    traps.problem(
      enabled.line,
      'a chain whose authenticators are all disabled lets everybody in',
      'take enable = false out',
    );
}

function checkAuthorization(settings: Settings, traps: Traps): void {
  const block = settings.lineOf('authorization');
  const noMatch = settings.get('authorization.no_match');
  if (noMatch?.value !== 'deny') {
    traps.problem(
      noMatch?.line ?? block,
      'whatever ThingPass does not answer in time is allowed, and remembered so',
      'set authorization.no_match = deny',
    );
  }
  for (const name of settings.namesBelow('authorization.sources')) {
    const type = settings.get(`authorization.sources.${name}.type`);
    if (type === undefined || type.value === 'http') continue;
    traps.problem(
      type.line,
      `the source "${type.value}" may allow topics before ThingPass is asked (acl.conf of a new broker does)`,
      'take it out of sources, or set its enable = false',
    );
  }
  for (const path of blocksOf(settings, 'authorization.sources', 'type', 'http')) {
    checkRequest(settings, path, ['clientid', 'username', 'action', 'topic'], traps);
    const body = settings.below(`${path}.body`);
    if (body.length > 0 && !body.some(({ value }) => value === `\${client_attrs.thingpass}`)) {
      traps.advice(
        settings.lineOf(`${path}.body`),
        'a topic check does not say who was let in, so names alone must do',
        `add client_attrs__thingpass = "\${client_attrs.thingpass}" to body (5.7 and later)`,
      );
    }
    for (const { value, line } of body.filter((entry) => entry.value.includes(`\${listener}`)))
      traps.problem(
        line,
        `EMQX 5.8 does not know ${value} at a topic check, and fills in no attributes then either`,
        'take it out of the body of authorization',
      );
  }
  const ttl = settings.get('authorization.cache.ttl');
  if (ttl !== undefined && secondsOf(ttl.value) > 60)
    traps.advice(ttl.line, 'rules change that late for sessions that are running', 'set ttl = 15s');
  const included = settings.get('authorization.include_mountpoint');
  if (included?.value === 'true')
    traps.problem(
      included.line,
      'ThingPass is asked about topics with the mount point in front, and knows none of them',
      'set include_mountpoint = false',
    );
}

const SLOWEST_SECONDS = 10;

function checkRequest(settings: Settings, path: string, fields: readonly string[], traps: Traps): void {
  const block = settings.lineOf(path);
  const method = settings.get(`${path}.method`);
  if (method?.value !== 'post')
    traps.problem(
      method?.line ?? block,
      'passwords end up in URLs and in the logs of proxies',
      'set method = post',
    );
  checkHeaders(traps, settings.below(`${path}.headers`), settings.get(`${path}.url`), block);
  const body = settings.below(`${path}.body`);
  const missing = fields.filter((field) => !body.some(({ value }) => value === `\${${field}}`));
  if (missing.length > 0) {
    const detail =
      body.length === 0
        ? 'without body EMQX sends {}, and everybody is refused'
        : `body does not tell ${missing.join(', ')}`;
    traps.problem(
      body[0]?.line ?? block,
      detail,
      `add to body: ${missing.map((field) => `${field} = "\${${field}}"`).join(', ')}`,
    );
  }
  const timeout = settings.get(`${path}.request_timeout`);
  if (timeout === undefined || secondsOf(timeout.value) > SLOWEST_SECONDS)
    traps.advice(
      timeout?.line ?? block,
      'a client’s process waits up to 30 s for each answer',
      'set request_timeout = 5s',
    );
}

/** Two switches, on by default from 6.2 on, unknown before 5.9. */
function checkNodeCaches(settings: Settings, version: string | undefined, traps: Traps): void {
  const [major = 0, minor = 0] = (version ?? '').split('.').map(Number);
  const onByDefault = major > 6 || (major === 6 && minor >= 2);
  for (const [part, block] of [
    ['authentication', 'authentication_settings'],
    ['authorization', 'authorization'],
  ] as const) {
    const enabled = settings.get(`${block}.node_cache.enable`);
    const on = enabled === undefined ? onByDefault && settings.has(part) : enabled.value === 'true';
    if (!on) continue;
    traps.problem(
      enabled?.line ?? settings.lineOf(part),
      'any answer is kept for a minute: a revoked device stays in, a corrected one out',
      `set ${block}.node_cache.enable = false`,
    );
  }
}

function checkMountpoint(settings: Settings, path: string, traps: Traps): void {
  const mountpoint = settings.get(`${path}.mountpoint`);
  if (mountpoint === undefined || !/\$\{(clientid|username)\}/.test(mountpoint.value)) return;
  traps.problem(
    mountpoint.line,
    'clients choose their own name, and so whose tree they are in; user names may be access tokens',
    `set mountpoint = "devices/\${client_attrs.thingpass_device}/"`,
  );
}

function checkVerification(settings: Settings, path: string, takesCertificates: boolean, traps: Traps): void {
  const verify = settings.get(`${path}.ssl_options.verify`);
  const required = settings.get(`${path}.ssl_options.fail_if_no_peer_cert`);
  const [verifies, requires] = [verify?.value === 'verify_peer', required?.value === 'true'];
  if (verifies === requires && !(takesCertificates && !verifies)) return;
  const line = (verifies ? required : verify)?.line ?? settings.lineOf(path);
  if (!verifies) {
    traps.problem(
      line,
      'a self-signed certificate is forwarded like a genuine one',
      'set ssl_options.verify = verify_peer and fail_if_no_peer_cert = true',
    );
  } else {
    traps.problem(
      line,
      'clients without a certificate come through where certificates are expected',
      'set ssl_options.fail_if_no_peer_cert = true',
    );
  }
}

function checkProvisioning(settings: Settings, traps: Traps): void {
  for (const name of settings.namesBelow('actions.http')) {
    const path = `actions.http.${name}.parameters`;
    if (settings.get(`${path}.path`)?.value !== '/emqx/provision') continue;
    const retries = settings.get(`${path}.max_retries`);
    if (retries?.value !== '0')
      traps.problem(
        retries?.line ?? settings.lineOf(path),
        'a request that was answered late is made again, and the device then reads a failure',
        'set max_retries = 0',
      );
    const body = settings.get(`${path}.body`);
    if (body !== undefined)
      traps.problem(
        body.line,
        'a template with a payload lets a client add members',
        'take body out: EMQX then writes what was selected as JSON',
      );
  }
  for (const { key, value, line } of settings.below('rule_engine.rules')) {
    if (!key.endsWith('.sql') || !value.includes('provision/request')) continue;
    if (!value.includes('base64_encode(payload)'))
      traps.problem(
        line,
        'bytes that are no UTF-8 make the action fail',
        'select base64_encode(payload) as payload',
      );
    if (!value.includes('//provision/request'))
      traps.problem(
        line,
        'no request is found: the mount point ends in a slash and the topic begins with one',
        'write devices/+//provision/request',
      );
  }
}
