import { ThingPassError } from '../../model/errors.ts';
import type { ConfigCheck } from './check/misconfiguration.ts';

/** How clients prove who they are, as far as a broker's configuration depends on it. */
export const IDENTITIES = ['token', 'basic', 'certificate'] as const;
export type Identity = (typeof IDENTITIES)[number];

/** What a configuration is made for. */
export interface ConfigOptions {
  /** Where the product reaches ThingPass. */
  readonly url: URL;
  /** What the broker proves itself with. */
  readonly secret: string;
  readonly identities: ReadonlySet<Identity>;
  /** The product's version, such as `5.8`; absent: the newest one known. */
  readonly version?: string | undefined;
}

/** One file of a product's configuration, named as the product or its packages name it. */
export interface ConfigFile {
  readonly name: string;
  readonly text: string;
}

/** A product whose configuration can be made; the facts behind each line stand in the contract next to its dialect. */
export interface Product {
  readonly name: string;
  /** Identities that it can bring; others are refused with a reason. */
  readonly identities: readonly Identity[];
  /** Whether it can be told to speak TLS to ThingPass, and whom to trust then. */
  readonly https: boolean;
  /** Versions that it is made for, oldest first, where they differ. */
  readonly versions?: readonly string[];
  /** ThingPass's own settings that go with it, as `NAME=value`, the secret left out. */
  readonly settings: (options: ConfigOptions) => readonly string[];
  readonly files: (options: ConfigOptions) => readonly ConfigFile[];
  /** What `thingpass doctor --broker-config` looks for in its files, where anything is. */
  readonly check?: ConfigCheck;
  /** The folder below `deploy/` that holds its files, where that is not its name. */
  readonly folder?: string;
}

/** What a new configuration has in the place of a secret. */
export const PLACEHOLDER_SECRET = 'CHANGE-ME-at-least-16-characters';

/** These need quoting in no configuration file, URL or shell. */
const PLAIN_SECRET = /^[A-Za-z0-9._~-]{16,}$/;

/**
 * The product's files for these options.
 * @throws {ThingPassError} `product_options_invalid` for what the product cannot do, and for secrets and URLs that some
 *   files cannot hold.
 */
export function configFiles(product: Product, options: ConfigOptions): readonly ConfigFile[] {
  const { url, secret, identities, version } = options;
  if (!PLAIN_SECRET.test(secret)) {
    throw new ThingPassError(
      'product_options_invalid',
      'the secret needs at least 16 characters, of letters, digits, "-", ".", "_" and "~" alone: others are read differently from file to file',
    );
  }
  if (
    !['http:', 'https:'].includes(url.protocol) ||
    url.username !== '' ||
    url.search !== '' ||
    url.hash !== ''
  )
    throw new ThingPassError(
      'product_options_invalid',
      'the URL is http:// or https://, without user, query and fragment',
    );
  if (url.protocol === 'https:' && !product.https) {
    throw new ThingPassError(
      'product_options_invalid',
      `${product.name} cannot be told whom to trust behind https:// here: give it an http:// URL on its own machine or network, or a proxy there`,
    );
  }
  for (const identity of identities) {
    if (product.identities.includes(identity)) continue;
    const known = product.identities.join(', ');
    throw new ThingPassError(
      'product_options_invalid',
      `${product.name} cannot bring "${identity}"; it brings ${known}`,
    );
  }
  if (version !== undefined && !product.versions?.includes(version)) {
    const known = product.versions?.join(', ');
    throw new ThingPassError(
      'product_options_invalid',
      known === undefined
        ? `the configuration of ${product.name} is the same for all its versions`
        : `the configuration of ${product.name} is known for ${known}`,
    );
  }
  return product.files(options);
}

/** Host and port, as most products want them; the port is there even where it is the scheme's own. */
export function authority(url: URL): { readonly host: string; readonly port: number } {
  return { host: url.hostname, port: Number(url.port || (url.protocol === 'https:' ? 443 : 80)) };
}

/** A URL below ThingPass's, with the secret as its password for products that can send no header. */
export function urlOf({ url, secret }: ConfigOptions, path: string, asPassword = false): string {
  const { host } = url;
  const base = url.pathname.replace(/\/$/, '');
  return `${url.protocol}//${asPassword ? `thingpass:${secret}@` : ''}${host}${base}${path}`;
}

/** The text when it is wanted. */
export function when(wanted: boolean, text: string): string {
  return wanted ? text : '';
}

/** The names of brokers' identities that send no certificate at all: a plain listener is for them. */
export function hasPlain({ identities }: ConfigOptions): boolean {
  return identities.has('token') || identities.has('basic');
}

/** The settings with which a certificate's name alone identifies clients of this listener (README, "Client certificates"). */
export function namesFrom(broker: string, form: string, listener: string): string[] {
  return [
    `THINGPASS_CERTIFICATE_FORMS=${broker}:${form}`,
    `THINGPASS_CERTIFICATE_NAMES=${broker}:credential`,
    `THINGPASS_CERTIFICATE_ONLY_LISTENERS=${listener}`,
  ];
}
