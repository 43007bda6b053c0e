import type { Command } from 'commander';
import type { ShownSecret } from '../devices/new-credentials.ts';
import type { DeviceEntry } from '../storage/device-entry.ts';
import { CommandFailed, example, print, withDevices } from './command.ts';
import {
  addCredentialsOptions,
  type CredentialsOptions,
  readCredentialsWish,
} from './credentials-options.ts';
import { properties, table } from './table.ts';

/** `thingpass device …`. */
export function addDevice(program: Command): void {
  const device = program.command('device').description('create, list, show and delete devices');

  example(
    addCredentialsOptions(
      device
        .command('create')
        .argument('<name>', 'name of the device, unique')
        .description('create a device; it gets an access token unless other credentials are asked for')
        .option('--profile <name>', 'device profile, created when it does not exist', 'default')
        .option('--label <text>', 'a text for people')
        .option('--gateway', 'the device is a gateway'),
    ).action(create),
    'thingpass device create meter-0001',
    'thingpass device create meter-0002 --mqtt-basic --username meter-0002',
    'thingpass device create meter-0003 --x509 meter-0003.pem',
  );
  example(
    device
      .command('list')
      .description('list devices by name')
      .option('--after <name>', 'begin after the device with this name')
      .option('--limit <count>', 'so many at the most', '100')
      .action(list),
    'thingpass device list --limit 20',
  );
  example(
    device
      .command('show')
      .argument('<device>', 'id or name')
      .description('show a device; its secrets are not shown')
      .action(show),
    'thingpass device show meter-0001',
  );
  example(
    device
      .command('delete')
      .argument('<device>', 'id or name')
      .description('delete a device and its credentials')
      .action(remove),
    'thingpass device delete meter-0001',
  );
}

interface CreateOptions extends CredentialsOptions {
  readonly profile: string;
  readonly label?: string;
  readonly gateway?: boolean;
}

async function create(name: string, options: CreateOptions, command: Command): Promise<void> {
  const wish = readCredentialsWish(options);
  const { device, secret } = await withDevices(({ devices }) =>
    devices.create({
      name,
      profileName: options.profile,
      label: options.label,
      gateway: options.gateway ?? false,
      wish,
    }),
  );
  print(command, { ...summary(device), ...withSecret(secret) }, () =>
    [`created ${device.name} (${device.id})`, ...secretLines(secret)].join('\n'),
  );
}

async function list(options: { after?: string; limit: string }, command: Command): Promise<void> {
  const limit = Number(options.limit);
  if (!Number.isInteger(limit) || limit < 1) throw new CommandFailed('--limit takes a whole number from 1');
  const devices = await withDevices(({ repository }) => repository.list({ after: options.after, limit }));
  print(command, devices.map(summary), (entries) =>
    entries.length === 0
      ? 'there are no devices'
      : table(
          ['NAME', 'PROFILE', 'CREDENTIALS', 'ID'],
          entries.map((entry) => [entry.name, entry.profile, entry.credentials.join(', '), entry.id]),
        ),
  );
}

async function show(idOrName: string, _options: object, command: Command): Promise<void> {
  const device = await withDevices(({ devices }) => devices.get(idOrName));
  print(command, summary(device), (entry) =>
    properties([
      ['name', entry.name],
      ['id', entry.id],
      ['label', entry.label],
      ['profile', entry.profile],
      ['gateway', entry.gateway ? 'yes' : 'no'],
      ['credentials', entry.credentials.join(', ')],
      ['created', entry.created],
    ]),
  );
}

async function remove(idOrName: string, _options: object, command: Command): Promise<void> {
  const device = await withDevices(({ devices }) => devices.remove(idOrName));
  print(command, { deleted: device.id }, () => `deleted ${device.name} (${device.id})`);
}

function summary(device: DeviceEntry) {
  return {
    id: device.id,
    name: device.name,
    label: device.label,
    profile: device.profile.name,
    gateway: device.gateway,
    credentials: device.credentials.map(({ credentialsType }) => credentialsType),
    created: new Date(device.createdTime).toISOString(),
  };
}

/** A secret that was made is shown this one time; one that was given is known already. */
export function secretLines(secret: ShownSecret | undefined): string[] {
  return secret?.made ? [`${secret.name}: ${secret.value}`] : [];
}

export function withSecret(secret: ShownSecret | undefined): { secret?: string } {
  return secret?.made ? { secret: secret.value } : {};
}
