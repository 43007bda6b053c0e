import { type ConfigCheck, type Misconfiguration, Traps } from '../check/misconfiguration.ts';
import { readLines, type Settings } from '../check/parsed-config.ts';
import { provesItself } from '../check/secret.ts';

/** How the file is known, and what is looked for in it. */
export const mosquittoCheck: ConfigCheck = {
  looksLike: /^\s*((auth|plugin)_opt_\w+|auth_plugin|listener|allow_anonymous)\s+[^\s={]/m,
  traps: mosquittoTraps,
};

/** What goes wrong in mosquitto-go-auth, the original and the fork (`brokers/mosquitto/mosquitto.md`, `deploy/mosquitto/README.md`). */
function mosquittoTraps(text: string): readonly Misconfiguration[] {
  const settings = readLines(text.replace(/^(\s*)plugin_opt_/gm, '$1auth_opt_'), {
    separator: /\s+/,
    trailing: false,
  });
  const traps = new Traps();
  for (const { key, value, line } of settings.entries) {
    if (/\s#/.test(value))
      traps.problem(
        line,
        `what stands behind the value of ${key} is part of it`,
        'put the comment on a separate line',
      );
    if (key === 'mount_point')
      traps.problem(line, 'it stands in front of each topic that ThingPass is asked about', 'take it out');
    if (key === 'allow_anonymous' && value === 'true')
      traps.problem(line, 'clients without a user name are let in unasked', 'set allow_anonymous false');
  }
  if (settings.entries.some(({ key }) => key.startsWith('auth_opt_'))) checkPlugin(settings, traps);
  return traps.found;
}

function checkPlugin(settings: Settings, traps: Traps): void {
  const option = (name: string) => settings.get(`auth_opt_${name}`);
  const block = settings.entries.find(({ key }) => key.startsWith('auth_opt_'))?.line ?? 1;
  const backends = option('backends');
  if (backends !== undefined && backends.value !== 'http' && backends.value !== 'jwt')
    traps.problem(
      backends.line,
      'every other backend may let in whom ThingPass refused',
      'set auth_opt_backends http',
    );
  const cache = option('cache');
  if (cache?.value === 'true')
    traps.problem(
      cache.line,
      'keys of the cache are joined without escaping: one client is let in with another’s answer, and a revoked device stays in',
      'set auth_opt_cache false',
    );
  const retries = option('retry_count');
  if (!(Number(retries?.value) >= 1))
    traps.problem(
      retries?.line ?? block,
      'a question that meets a closing connection is lost, and the client with it',
      'set auth_opt_retry_count 1',
    );
  const superuser = option('http_superuser_uri') ?? option('jwt_superuser_uri');
  if (superuser !== undefined)
    traps.advice(
      superuser.line,
      'one request more for every check, and ThingPass always says no',
      'take it out, and set auth_opt_disable_superuser true',
    );
  else if (option('disable_superuser')?.value !== 'true')
    traps.advice(
      option('disable_superuser')?.line ?? block,
      'the plugin looks for superusers, of which there are none',
      'set auth_opt_disable_superuser true',
    );
  checkAddress(settings, block, traps);
  const timeout = option('http_timeout');
  if (timeout === undefined || !(Number(timeout.value) <= 5))
    traps.advice(
      timeout?.line ?? block,
      'Mosquitto waits for each answer, and everybody waits with it',
      'set auth_opt_http_timeout 2',
    );
  const mode = option('http_response_mode')?.value ?? 'status';
  for (const name of ['http_getuser_uri', 'http_aclcheck_uri']) {
    const uri = option(name);
    if (uri === undefined || uri.value.includes('/text/') === (mode === 'text')) continue;
    traps.problem(
      uri.line,
      `response_mode ${mode} does not understand what this URI answers`,
      'use /mosquitto/text/… with text, and /mosquitto/… with status and json',
    );
  }
}

function checkAddress(settings: Settings, block: number, traps: Traps): void {
  const option = (name: string) => settings.get(`auth_opt_${name}`);
  const host = option('http_host');
  if (host === undefined) return;
  const [address = ''] = host.value.split('@').slice(-1);
  if (/^[^[\]]*:\d+$/.test(address))
    traps.problem(
      host.line,
      'host and port in one break every request',
      'put the port into auth_opt_http_port',
    );
  if (option('http_port') === undefined)
    traps.problem(host.line, 'there is no port', 'add auth_opt_http_port');
  const header = settings.entries.some(
    ({ key }) => key.toLowerCase() === 'auth_opt_http_header_x-thingpass-secret',
  );
  if (!header && !host.value.includes('@') && !provesItself(option('http_getuser_uri')?.value ?? ''))
    traps.problem(
      host.line,
      'the broker sends no secret, so ThingPass refuses it, or answers anybody',
      'write auth_opt_http_host thingpass:<the secret>@<host>',
    );
  if (option('http_with_tls')?.value === 'true' && option('http_verify_peer')?.value !== 'true')
    traps.problem(
      option('http_with_tls')?.line ?? block,
      'any certificate is taken for ThingPass’s',
      'set auth_opt_http_verify_peer true',
    );
}
