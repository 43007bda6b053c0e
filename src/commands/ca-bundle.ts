import type { Command } from 'commander';
import {
  addCertificates,
  type CaBundle,
  findCaBundle,
  retireCertificate,
} from '../fleet/ca-bundles/service.ts';
import { isThingPassError, ThingPassError } from '../model/errors.ts';
import { CaBundleRepository } from '../storage/repositories/ca-bundle-repository.ts';
import { table } from '../util/table.ts';
import { commandActor, example, print, withOwnDatabase } from './shared/command.ts';
import { readBytes } from './shared/input.ts';

const BUNDLE_NAME = /^[A-Za-z0-9._-]{1,100}$/;

/** `thingpass ca-bundle …`. */
export function addCaBundle(program: Command): void {
  const bundles = program
    .command('ca-bundle')
    .description('bundles of authorities that edge brokers fetch from /pki/<name>.pem');
  example(
    bundles
      .command('add')
      .argument('<name>', 'of the bundle')
      .argument('<file>', 'PEM, one certificate or several; - reads it from standard input')
      .description('add certificates; makes the bundle where there is none')
      .action(add),
    'thingpass ca-bundle add cloud next-authority.pem',
  );
  example(
    bundles
      .command('show')
      .argument('<name>', 'of the bundle')
      .description('its certificates, and which nodes have it')
      .action(show),
    'thingpass ca-bundle show cloud',
  );
  example(
    bundles.command('list').description('names of all bundles').action(list),
    'thingpass ca-bundle list',
  );
  example(
    bundles
      .command('retire')
      .argument('<name>', 'of the bundle')
      .argument('<sha256>', 'of the certificate, as show prints it')
      .description('take a certificate out, once every node has the bundle as it is')
      .option('--force', 'although nodes lag')
      .action(retire),
    'thingpass ca-bundle retire cloud 3b5c…',
  );
  example(
    bundles
      .command('forget-node')
      .argument('<name>', 'of the bundle')
      .argument('<node>', 'as it calls itself; see show')
      .description('count a node no longer that is gone')
      .action(forgetNode),
    'thingpass ca-bundle forget-node cloud edge-17',
  );
}

async function add(name: string, file: string, _options: object, command: Command): Promise<void> {
  if (!BUNDLE_NAME.test(name))
    throw new ThingPassError('command_failed', 'a bundle’s name has letters, digits, ".", "_" and "-"');
  const bytes = readBytes(file);
  if (bytes === undefined) return;
  const bundle = await withBundles(async (repository) => {
    try {
      await addCertificates(repository, name, bytes.toString('latin1'), commandActor());
    } catch (error) {
      throw isThingPassError(error, 'ca_certificate_invalid')
        ? new ThingPassError('command_failed', `${file}: ${error.message}`)
        : error;
    }
    return existing(repository, name);
  });
  print(command, summary(bundle), () => readable(bundle));
}

async function show(name: string, _options: object, command: Command): Promise<void> {
  const bundle = await withBundles((repository) => existing(repository, name));
  print(command, summary(bundle), () => readable(bundle));
}

async function list(_options: object, command: Command): Promise<void> {
  const names = await withBundles((repository) => repository.names());
  print(command, names, () => (names.length === 0 ? 'there are no bundles' : names.join('\n')));
}

async function retire(
  name: string,
  sha256: string,
  options: { force?: boolean },
  command: Command,
): Promise<void> {
  const result = await withBundles((repository) =>
    retireCertificate(repository, name, sha256.toLowerCase(), options.force === true, commandActor()),
  );
  switch (result.done) {
    case 'retired':
      return print(command, { name, retired: sha256 }, () => `retired from ${name}: ${sha256}`);
    case 'not_found':
      throw new ThingPassError('command_failed', `${sha256} is not in the bundle ${name}`);
    case 'would_be_empty':
      throw new ThingPassError(
        'command_failed',
        'it is the last one, and brokers do not start with an empty file: add the next one first',
      );
    case 'nodes_lag':
      throw new ThingPassError(
        'command_failed',
        `${result.nodes.length} nodes have not fetched the bundle as it is: ${result.nodes.slice(0, 20).join(', ')}; wait, forget those that are gone, or --force`,
      );
  }
}

async function forgetNode(name: string, node: string, _options: object, command: Command): Promise<void> {
  if (!(await withBundles((repository) => repository.forget(name, node, commandActor()))))
    throw new ThingPassError('command_failed', `${node} never fetched the bundle ${name}`);
  print(command, { name, node }, () => `forgotten: ${node}`);
}

async function existing(repository: CaBundleRepository, name: string): Promise<CaBundle> {
  const bundle = await findCaBundle(repository, name);
  if (bundle === undefined) throw new ThingPassError('command_failed', `there is no bundle ${name}`);
  return bundle;
}

function summary({ name, etag, certificates, nodes }: CaBundle) {
  return {
    name,
    etag,
    certificates: certificates.map(({ sha256, subject, notAfter }) => ({
      sha256,
      subject,
      notAfter: day(notAfter),
    })),
    nodes: nodes.map(({ node, fetchedTime, upToDate }) => ({
      node,
      fetched: new Date(fetchedTime).toISOString(),
      upToDate,
    })),
  };
}

function readable({ name, certificates, nodes }: CaBundle): string {
  const lag = nodes.filter(({ upToDate }) => !upToDate).length;
  return [
    `${name}, fetched from /pki/${name}.pem`,
    table(
      ['CERTIFICATE', 'ENDS', 'SHA-256'],
      certificates.map(({ subject, notAfter, sha256 }) => [subject, day(notAfter), sha256]),
    ),
    nodes.length === 0 ? 'no node has fetched it yet' : `${nodes.length} nodes, of which ${lag} lag`,
    ...(nodes.length === 0
      ? []
      : [
          table(
            ['NODE', 'FETCHED', 'UP TO DATE'],
            nodes.map(({ node, fetchedTime, upToDate }) => [
              node,
              new Date(fetchedTime).toISOString(),
              upToDate ? 'yes' : 'no',
            ]),
          ),
        ]),
  ].join('\n');
}

function day(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

function withBundles<Result>(run: (repository: CaBundleRepository) => Promise<Result>): Promise<Result> {
  return withOwnDatabase((prisma) => run(new CaBundleRepository(prisma)));
}
