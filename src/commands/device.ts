import type { Command } from 'commander';
import type { ShownSecret } from '../fleet/devices/new-credentials.ts';
import type { DeviceEntry } from '../model/device.ts';
import { ThingPassError } from '../model/errors.ts';
import type { DeviceListing } from '../storage/repositories/devices/device-listing.ts';
import {
  DEVICE_SOURCES,
  type DeviceQuery,
  type DeviceSource,
  type DeviceSummary,
} from '../storage/repositories/devices/device-query.ts';
import { properties, table } from '../util/table.ts';
import { endSessionsOf, sessionLines } from './end-sessions.ts';
import { example, print, withDevices, withListing } from './shared/command.ts';
import {
  addCredentialsOptions,
  type CredentialsOptions,
  readCredentialsRequest,
} from './shared/credentials-options.ts';

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
        .option('--label <text>', 'a text to show')
        .option('--gateway', 'the device is a gateway'),
    ).action(create),
    'thingpass device create meter-0001',
    'thingpass device create meter-0002 --mqtt-basic --username meter-0002',
    'thingpass device create meter-0003 --x509 meter-0003.pem',
  );
  example(
    device
      .command('list')
      .description('list devices by name; ThingsBoard’s own, where its database is read, before ours')
      .option('--after <device>', 'begin after the device with this id or name')
      .option('--source <source>', `only those of one database: ${DEVICE_SOURCES.join(' or ')}`)
      .option('--limit <count>', 'how many at most', '100')
      .action(list),
    'thingpass device list --limit 20',
    'thingpass device list --limit 20 --after meter-0020',
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
  const request = readCredentialsRequest(options);
  const { device, secret } = await withDevices(({ devices }) =>
    devices.create({
      name,
      profileName: options.profile,
      label: options.label,
      gateway: options.gateway ?? false,
      request,
    }),
  );
  print(command, { ...summary(device), ...withSecret(secret) }, () =>
    [`created ${device.name} (${device.id})`, ...secretLines(secret)].join('\n'),
  );
}

interface ListOptions {
  readonly after?: string;
  readonly source?: string;
  readonly limit: string;
}

async function list({ after, source, limit: limitText }: ListOptions, command: Command): Promise<void> {
  const limit = Number(limitText);
  if (!Number.isInteger(limit) || limit < 1)
    throw new ThingPassError('command_failed', '--limit takes a whole number from 1');
  if (!isSource(source))
    throw new ThingPassError('command_failed', `--source takes ${DEVICE_SOURCES.join(' or ')}`);
  const [devices, sources] = await withListing(async (listing, sources) => {
    const place = after === undefined ? undefined : await placeOf(listing, after, source, sources);
    return [await listing.list({ source, after: place, limit }), sources] as const;
  });
  print(command, devices.map(listed), (entries) =>
    entries.length === 0
      ? 'there are no devices'
      : table(
          ['NAME', 'PROFILE', 'CREDENTIALS', 'ID', ...(sources.length > 1 ? ['SOURCE'] : [])],
          entries.map((entry) => [
            ...[entry.name, entry.profile, entry.credentials.join(', '), entry.id],
            ...(sources.length > 1 ? [entry.source] : []),
          ]),
        ),
  );
}

function isSource(text: string | undefined): text is DeviceSource | undefined {
  return text === undefined || (DEVICE_SOURCES as readonly string[]).includes(text);
}

/** Before all ids. */
const NO_ID = '00000000-0000-0000-0000-000000000000';

/** Where a listing goes on: after this device or, where it is gone, after its name. */
async function placeOf(
  listing: DeviceListing,
  after: string,
  wanted: DeviceSource | undefined,
  sources: readonly DeviceSource[],
): Promise<DeviceQuery['after']> {
  const possible = wanted === undefined ? sources : [wanted];
  const found = await Promise.all(possible.map((source) => listing.find(source, after)));
  const there = found.filter((device) => device !== undefined);
  if (there.length === 1) return there[0];
  const [source] = possible;
  if (there.length === 0 && possible.length === 1 && source !== undefined)
    return { source, name: after, id: NO_ID };
  const what = there.length === 0 ? 'no database has a device' : 'both databases have a device';
  throw new ThingPassError(
    'command_failed',
    `${what} ${after}: say with --source which devices to go on with`,
  );
}

async function show(idOrName: string, _options: object, command: Command): Promise<void> {
  const device = await withListing((listing) => listing.get(idOrName));
  if (device === undefined) throw new ThingPassError('command_failed', `there is no device ${idOrName}`);
  print(command, listed(device), (entry) =>
    properties([
      ['name', entry.name],
      ['id', entry.id],
      ['source', entry.source === 'own' ? undefined : 'ThingsBoard’s own database, which is only read'],
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
  const { id, name, credentials } = device;
  const ended = await endSessionsOf({ deviceId: id, credentials });
  print(command, { deleted: id, ended }, () =>
    [`deleted ${name} (${id})`, ...sessionLines(ended)].join('\n'),
  );
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

function listed({ credentials, createdTime, profile, ...device }: DeviceSummary) {
  return {
    ...device,
    profile: profile.name,
    credentials: credentials.map(({ type }) => type),
    created: new Date(createdTime).toISOString(),
  };
}

/** A secret that was made is shown this one time; one that was given is known already. */
export function secretLines(secret: ShownSecret | undefined): string[] {
  return secret?.made ? [`${secret.name}: ${secret.value}`] : [];
}

export function withSecret(secret: ShownSecret | undefined): { secret?: string } {
  return secret?.made ? { secret: secret.value } : {};
}
