import { type ConfigCheck, type Misconfiguration, Traps } from '../check/misconfiguration.ts';
import { readLines, type Settings } from '../check/parsed-config.ts';
import { provesItself } from '../check/secret.ts';

/** How the file is known, and what is looked for in it. */
export const rabbitmqCheck: ConfigCheck = {
  looksLike: /^\s*(auth_backends|auth_http|mqtt|listeners|ssl_options)\.[\w.]+\s*=/m,
  traps: rabbitmqTraps,
};

/** What goes wrong in RabbitMQ (`brokers/rabbitmq/rabbitmq.md`, `deploy/rabbitmq/README.md`). */
function rabbitmqTraps(text: string): readonly Misconfiguration[] {
  const settings = readLines(text, { separator: /\s*=\s*/, trailing: true });
  const traps = new Traps();
  for (const { key, value, line } of settings.entries) {
    if (/^auth_backends\.\d+(\.auth[nz])?$/.test(key) && !/^(http|rabbit_auth_backend_http)$/.test(value))
      traps.problem(
        line,
        `the backend "${value}" may let in whom ThingPass refused`,
        'take it out; for administrators see deploy/rabbitmq/README.md',
      );
  }
  if (settings.has('auth_http')) checkRequests(settings, traps);
  if (settings.has('mqtt')) checkMqtt(settings, traps);
  return traps.found;
}

const SLOWEST_MS = 5_000;

function checkRequests(settings: Settings, traps: Traps): void {
  const block = settings.lineOf('auth_http');
  const method = settings.get('auth_http.http_method');
  if (method?.value !== 'post')
    traps.problem(
      method?.line ?? block,
      'passwords end up in URLs and in the logs of proxies',
      'set auth_http.http_method = post',
    );
  for (const part of ['user', 'vhost', 'resource', 'topic']) {
    const path = settings.get(`auth_http.${part}_path`);
    if (path === undefined)
      traps.problem(
        block,
        `auth_http.${part}_path is missing: everybody is refused`,
        `set it to http://thingpass:<the secret>@<host>/rabbitmq/${part}`,
      );
    else if (!provesItself(path.value))
      traps.problem(
        path.line,
        'the broker sends no secret, so ThingPass refuses it, or answers anybody',
        'write http://thingpass:<the secret>@<host>/…',
      );
  }
  const timeout = settings.get('auth_http.request_timeout');
  if (timeout === undefined || !(Number(timeout.value) <= SLOWEST_MS))
    traps.advice(
      timeout?.line ?? block,
      'one slow answer holds up the others, for 15 s as installed',
      'set auth_http.request_timeout = 3000',
    );
}

function checkMqtt(settings: Settings, traps: Traps): void {
  const block = settings.lineOf('mqtt');
  const anonymous = settings.get('mqtt.allow_anonymous');
  if (anonymous?.value !== 'false')
    traps.problem(
      anonymous?.line ?? block,
      'clients without a user name come in as RabbitMQ’s own user',
      'set mqtt.allow_anonymous = false',
    );
  for (const [key, right] of [
    ['mqtt.vhost', '/'],
    ['mqtt.exchange', 'amq.topic'],
  ] as const) {
    const entry = settings.get(key);
    if (entry !== undefined && entry.value !== right)
      traps.problem(entry.line, `ThingPass allows ${right} and nothing else here`, `set ${key} = ${right}`);
  }
  const login = settings.get('mqtt.ssl_cert_login');
  if (login?.value !== 'true') return;
  for (const [key, right] of [
    ['ssl_options.verify', 'verify_peer'],
    ['ssl_options.fail_if_no_peer_cert', 'true'],
  ] as const) {
    const entry = settings.get(key);
    if (entry?.value !== right)
      traps.problem(
        entry?.line ?? login.line,
        'logins by certificate need one that was demanded and verified',
        `set ${key} = ${right}`,
      );
  }
}
