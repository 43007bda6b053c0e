import type { Command } from 'commander';
import { describeCredentials } from '../devices/describe-credentials.ts';
import { DeviceService } from '../devices/device-service.ts';
import { example, print, withDevices } from './command.ts';
import {
  addCredentialsOptions,
  type CredentialsOptions,
  readCredentialsWish,
} from './credentials-options.ts';
import { secretLines, withSecret } from './device.ts';
import { properties } from './table.ts';

/** `thingpass credentials …`. */
export function addCredentials(program: Command): void {
  const credentials = program
    .command('credentials')
    .description('set and show what a device proves itself with');
  example(
    addCredentialsOptions(
      credentials
        .command('set')
        .argument('<device>', 'id or name')
        .description('give a device other credentials; the old ones end at once'),
    ).action(set),
    'thingpass credentials set meter-0001 --mqtt-basic --client-id meter-0001 --username meter-0001',
  );
  example(
    credentials
      .command('show')
      .argument('<device>', 'id or name')
      .description('show the credentials of a device, without password')
      .option('--reveal', 'show the access token or password too')
      .action(show),
    'thingpass credentials show meter-0001',
  );
}

async function set(idOrName: string, options: CredentialsOptions, command: Command): Promise<void> {
  const wish = readCredentialsWish(options);
  const { device, secret } = await withDevices((devices) =>
    new DeviceService(devices).setCredentials(idOrName, wish),
  );
  print(
    command,
    {
      device: device.id,
      credentials: device.credentials.map((one) => one.credentialsType),
      ...withSecret(secret),
    },
    () => [`set the credentials of ${device.name} (${device.id})`, ...secretLines(secret)].join('\n'),
  );
}

async function show(idOrName: string, options: { reveal?: boolean }, command: Command): Promise<void> {
  const device = await withDevices((devices) => new DeviceService(devices).get(idOrName));
  const shown = device.credentials.map((one) => describeCredentials(one, options.reveal ?? false));
  print(command, shown, (entries) => entries.map((entry) => properties(Object.entries(entry))).join('\n\n'));
}
