import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Argument, type Command } from 'commander';
import { ThingPassError } from '../model/errors.ts';
import {
  type ConfigFile,
  configFiles,
  IDENTITIES,
  type Identity,
  PLACEHOLDER_SECRET,
  type Product,
} from '../tools/product-config/options.ts';
import { PRODUCTS } from '../tools/product-config/products.ts';
import { example, print } from './shared/command.ts';
import { readBytes } from './shared/input.ts';

interface Options {
  readonly url: string;
  readonly secret: string;
  readonly identity: string;
  readonly for?: string;
  readonly output?: string;
}

/** `thingpass broker-config <product>`. */
export function addBrokerConfig(program: Command): void {
  example(
    program
      .command('broker-config')
      .description('print a complete configuration that makes a broker or proxy ask ThingPass')
      .addArgument(new Argument('<product>', 'the broker or proxy').choices(PRODUCTS.map(({ name }) => name)))
      .option('--url <url>', 'where the product reaches ThingPass', 'http://127.0.0.1:8080')
      .option(
        '--secret <text>',
        'what the broker proves itself with; - reads it from standard input',
        PLACEHOLDER_SECRET,
      )
      .option('--identity <list>', 'how clients prove who they are: token, basic, certificate')
      .option('--for <version>', 'version of the product, where versions differ')
      .option('--output <folder>', 'write the files into this folder instead of printing them')
      .action(printConfig),
    'thingpass broker-config emqx --for 5.8 --identity token,certificate --url http://10.0.0.5:8080 --secret -',
    'thingpass broker-config rmqtt --output plugins',
  );
}

async function printConfig(name: string, options: Options, command: Command): Promise<void> {
  const product = PRODUCTS.find((one) => one.name === name) as Product;
  const given = {
    url: urlIn(options.url),
    secret: options.secret === '-' ? (readBytes('-')?.toString('utf8').trim() ?? '') : options.secret,
    identities: identitiesIn(options.identity, product),
    version: options.for,
  };
  const files = configFiles(product, given);
  const settings = [`THINGPASS_SECRET=${given.secret}`, ...product.settings(given)];
  if (options.output !== undefined) write(options.output, files);
  print(command, { files, settings }, () =>
    options.output === undefined
      ? readable(files)
      : files.map((file) => `wrote ${join(options.output ?? '', file.name)}`).join('\n'),
  );
  // To standard error, since the configuration may be piped into a file.
  process.stderr.write(`\nStart ThingPass with:\n${settings.map((setting) => `  ${setting}\n`).join('')}`);
}

function urlIn(text: string): URL {
  try {
    return new URL(text);
  } catch {
    throw new ThingPassError('command_failed', `"${text}" is no URL; one is http://10.0.0.5:8080`);
  }
}

function identitiesIn(list: string | undefined, product: Product): ReadonlySet<Identity> {
  if (list === undefined) return new Set(product.identities);
  const identities = list.split(',').map((part) => part.trim());
  const foreign = identities.filter((one) => !IDENTITIES.includes(one as Identity));
  if (foreign.length > 0)
    throw new ThingPassError(
      'command_failed',
      `--identity names ${foreign.join(', ')}; it may name ${IDENTITIES.join(', ')}`,
    );
  return new Set(identities as Identity[]);
}

function write(folder: string, files: readonly ConfigFile[]): void {
  mkdirSync(folder, { recursive: true });
  // They hold a secret.
  for (const { name, text } of files) writeFileSync(join(folder, name), text, { mode: 0o600 });
}

function readable(files: readonly ConfigFile[]): string {
  const [only, ...others] = files;
  if (only !== undefined && others.length === 0) return only.text.trimEnd();
  return files.map(({ name, text }) => `# ==== ${name} ====\n${text.trimEnd()}`).join('\n\n');
}
