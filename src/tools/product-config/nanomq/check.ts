import { readHocon } from '../check/hocon.ts';
import { type ConfigCheck, type Misconfiguration, Traps } from '../check/misconfiguration.ts';
import { type Settings, secondsOf } from '../check/parsed-config.ts';
import { checkHeaders } from '../check/secret.ts';

/** How the file is known, and what is looked for in it. */
export const nanomqCheck: ConfigCheck = {
  looksLike: /^\s*(http_auth|auth_req|bridges\.mqtt\S*|auth|listeners\.(tcp|ssl))\s*[={]/m,
  traps: nanomqTraps,
};

const HTTP = 'auth.http_auth';

/** What goes wrong in NanoMQ (`brokers/nanomq/nanomq.md`, `deploy/nanomq/README.md`). */
function nanomqTraps(text: string): readonly Misconfiguration[] {
  const settings = readHocon(text);
  const traps = new Traps();
  if (settings.has('auth')) checkAuth(settings, traps);
  for (const part of ['auth_req', 'acl_req', 'super_req'].filter((one) => settings.has(`${HTTP}.${one}`)))
    checkRequest(settings, `${HTTP}.${part}`, part, traps);
  const names = ['auth_req', 'acl_req'].some((part) =>
    settings.below(`${HTTP}.${part}.params`).some(({ value }) => value === '%C' || value === '%d'),
  );
  for (const kind of ['ssl', 'wss']) {
    if (settings.has(`listeners.${kind}`)) checkVerification(settings, `listeners.${kind}`, names, traps);
  }
  return traps.found;
}

function checkAuth(settings: Settings, traps: Traps): void {
  const anonymous = settings.get('auth.allow_anonymous');
  if (settings.has(HTTP) && anonymous?.value === 'false') {
    traps.problem(
      anonymous.line,
      'clients with a user name alone (access tokens) are refused without asking ThingPass',
      'set allow_anonymous = true: ThingPass is asked about everybody',
    );
  }
  for (const [key, what] of [
    ['auth.http_auth.cache_ttl', 'its key is cut: with long passwords one allowed publish allows everything'],
    ['auth.cache.ttl', 'answers are kept'],
  ] as const) {
    const ttl = settings.get(key);
    if (ttl !== undefined && ttl.value !== '0')
      traps.problem(ttl.line, `answers are remembered: ${what}`, 'take it out');
  }
  for (const other of ['auth.password', 'auth.acl', 'auth.sql']) {
    if (!settings.has(HTTP) || !settings.has(other)) continue;
    traps.advice(
      settings.lineOf(other),
      `${other} has to allow as well as ThingPass`,
      'take it out, or see that it allows whom ThingPass is to decide about',
    );
  }
  for (const name of ['timeout', 'connect_timeout']) {
    const timeout = settings.get(`${HTTP}.${name}`);
    if (timeout !== undefined && secondsOf(timeout.value) > 5)
      traps.advice(timeout.line, 'NanoMQ asks one thing at a time, and all wait', `set ${name} = 2s`);
  }
}

const FIELDS: Readonly<Record<string, readonly string[]>> = {
  auth_req: ['clientid %c', 'username %u', 'password %P'],
  acl_req: ['clientid %c', 'username %u', 'access %A', 'topic %t', 'password %P'],
};

function checkRequest(settings: Settings, path: string, part: string, traps: Traps): void {
  const block = settings.lineOf(path);
  const method = settings.get(`${path}.method`);
  if (method === undefined)
    traps.problem(block, 'NanoMQ crashes at its start: method has no default', 'set method = "post"');
  else if (method.value !== 'post')
    traps.problem(method.line, 'passwords end up in URLs and in the logs of proxies', 'set method = "post"');
  if (part === 'super_req') {
    traps.advice(
      block,
      'one request more for every message, and ThingPass always says no',
      'take super_req out',
    );
    return;
  }
  const url = settings.get(`${path}.url`);
  if (url?.value.startsWith('https:'))
    traps.problem(
      url.line,
      'NanoMQ can be given no authority to trust here, and never connects',
      'give it an http:// URL on its own machine, or a proxy there',
    );
  // A URL's user and password are dropped by NanoMQ.
  const kept = url && { ...url, value: url.value.replace(/\/\/[^/@]*@/, '//') };
  checkHeaders(traps, settings.below(`${path}.headers`), kept, block);
  const params = settings.below(`${path}.params`);
  for (const { key, line } of params.filter((entry) => /password$/.test(entry.key) && entry.value === '%p'))
    traps.problem(
      line,
      `${key.slice(key.lastIndexOf('.') + 1)} = "%p" sends the listener’s port`,
      'write "%P"',
    );
  const missing = (FIELDS[part] ?? [])
    .map((field) => field.split(' ') as [string, string])
    .filter(([name, sign]) => !params.some(({ key, value }) => value === sign || key.endsWith(`.${name}`)));
  if (missing.length > 0) {
    const added = missing.map(([name, sign]) => `${name} = "${sign}"`).join(', ');
    traps.problem(
      params[0]?.line ?? block,
      `params does not tell ${missing.map(([name]) => name).join(', ')}`,
      `add ${added} to params`,
    );
  }
}

function checkVerification(settings: Settings, path: string, names: boolean, traps: Traps): void {
  const verify = settings.get(`${path}.verify_peer`);
  const required = settings.get(`${path}.fail_if_no_peer_cert`);
  const [verifies, requires] = [verify?.value === 'true', required?.value === 'true'];
  if (verifies === requires && !(names && !verifies)) return;
  const line = (verifies ? required : verify)?.line ?? settings.lineOf(path);
  traps.problem(
    line,
    'anybody’s self-signed certificate arrives as if it were verified',
    'set verify_peer = true and fail_if_no_peer_cert = true',
  );
}
