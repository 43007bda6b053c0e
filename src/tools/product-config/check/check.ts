import { emqxTraps } from '../emqx/check.ts';
import { haproxyTraps } from '../haproxy/check.ts';
import { mosquittoTraps } from '../mosquitto/check.ts';
import { nanomqTraps } from '../nanomq/check.ts';
import { nginxTraps } from '../nginx/check.ts';
import { rabbitmqTraps } from '../rabbitmq/check.ts';
import { type Misconfiguration, Traps } from './misconfiguration.ts';
import { checkPlaceholder } from './secret.ts';

interface Reader {
  readonly name: string;
  /** What only this product's files hold. */
  readonly looksLike: RegExp;
  readonly traps: (text: string, version: string | undefined) => readonly Misconfiguration[];
}

/** In the order in which they are tried; a new product is a file beside this and a line here. */
const READERS: readonly Reader[] = [
  { name: 'haproxy', looksLike: /^(frontend|backend|listen)\s+\S+\s*$/m, traps: haproxyTraps },
  {
    name: 'nginx',
    looksLike: /^\s*(proxy_pass|proxy_set_header|ssl_verify_client|server_name)\s.*;/m,
    traps: nginxTraps,
  },
  {
    name: 'mosquitto',
    looksLike: /^\s*((auth|plugin)_opt_\w+|auth_plugin|listener|allow_anonymous)\s+[^\s={]/m,
    traps: mosquittoTraps,
  },
  {
    name: 'nanomq',
    looksLike: /^\s*(http_auth|auth_req|bridges\.mqtt\S*|auth|listeners\.(tcp|ssl))\s*[={]/m,
    traps: nanomqTraps,
  },
  {
    name: 'emqx',
    looksLike: /^\s*(authentication|authorization|rule_engine|connectors|actions|listeners)\b[\w.]*\s*[={]/m,
    traps: emqxTraps,
  },
  {
    name: 'rabbitmq',
    looksLike: /^\s*(auth_backends|auth_http|mqtt|listeners|ssl_options)\.[\w.]+\s*=/m,
    traps: rabbitmqTraps,
  },
];

/** The products whose configuration is read. */
export const READ_PRODUCTS: readonly string[] = READERS.map(({ name }) => name);

export interface Diagnosis {
  readonly product: string;
  /** In the order of lines. */
  readonly traps: readonly Misconfiguration[];
}

/**
 * Names what goes wrong in a broker's or proxy's configuration.
 * @param product one of `READ_PRODUCTS`; told from the text where it is absent.
 * @param version of the product, where a default changed between versions.
 * @returns nothing where the text looks like no product's that is read.
 */
export function diagnose(text: string, product?: string, version?: string): Diagnosis | undefined {
  const reader = READERS.find(({ name, looksLike }) =>
    product === undefined ? looksLike.test(text) : name === product,
  );
  if (reader === undefined) return undefined;
  const unix = text.replaceAll('\r\n', '\n');
  const secrets = new Traps();
  checkPlaceholder(secrets, unix);
  const traps = [...reader.traps(unix, version), ...secrets.found].sort(
    (one, other) => one.line - other.line,
  );
  return { product: reader.name, traps };
}
