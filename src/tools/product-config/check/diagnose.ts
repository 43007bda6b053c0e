import { PRODUCTS } from '../products.ts';
import { type ConfigCheck, type Misconfiguration, Traps } from './misconfiguration.ts';
import { checkPlaceholder } from './secret.ts';

/** Tried before the others, in this order: what EMQX's and RabbitMQ's files look like, some of these do as well. */
const TRIED_FIRST: readonly string[] = ['haproxy', 'nginx', 'mosquitto', 'nanomq'];

const CHECKS: ReadonlyMap<string, ConfigCheck> = new Map(
  PRODUCTS.flatMap(({ name, check }) => (check === undefined ? [] : [{ name, check }]))
    .sort((one, other) => precedence(one.name) - precedence(other.name))
    .map(({ name, check }) => [name, check]),
);

function precedence(name: string): number {
  const at = TRIED_FIRST.indexOf(name);
  return at === -1 ? TRIED_FIRST.length : at;
}

/** The products whose configuration is read. */
export const READ_PRODUCTS: readonly string[] = [...CHECKS.keys()];

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
  const found = [...CHECKS].find(([name, { looksLike }]) =>
    product === undefined ? looksLike.test(text) : name === product,
  );
  if (found === undefined) return undefined;
  const [name, check] = found;
  const unix = text.replaceAll('\r\n', '\n');
  const secrets = new Traps();
  checkPlaceholder(secrets, unix);
  const traps = [...check.traps(unix, version), ...secrets.found].sort((one, other) => one.line - other.line);
  return { product: name, traps };
}
