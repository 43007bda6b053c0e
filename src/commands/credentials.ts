import type { Command } from 'commander';
import type { Rotated } from '../fleet/devices/credentials-service.ts';
import { describeCredentials } from '../fleet/devices/describe-credentials.ts';
import { ThingPassError } from '../model/errors.ts';
import { properties } from '../util/table.ts';
import { secretLines, withSecret } from './device.ts';
import { endSessionsOf, sessionLines } from './end-sessions.ts';
import { example, print, withDevices } from './shared/command.ts';
import {
  addCredentialsOptions,
  type CredentialsOptions,
  readCredentialsRequest,
  readInput,
  readPassword,
} from './shared/credentials-options.ts';
import { readDuration, readTime } from './shared/time-options.ts';

/** `thingpass credentials …`. */
export function addCredentials(program: Command): void {
  const credentials = program
    .command('credentials')
    .description('set, show, rotate and revoke what a device proves itself with');
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
    addCredentialsOptions(
      credentials
        .command('add')
        .argument('<device>', 'id or name')
        .description('give a device one more credential; those it has stay')
        .option('--not-before <time>', 'valid from then on')
        .option('--not-after <time>', 'valid until then'),
    ).action(add),
    'thingpass credentials add meter-0001 --token spare-token-of-0001 --not-after 2030-01-31',
  );
  example(
    addOverlapOptions(
      credentials
        .command('rotate')
        .argument('<device>', 'id or name')
        .description('give a device another token, password or certificate; the old one holds for a while')
        .option('--credentials <id>', 'which ones, where the device has several; see show')
        .option('--token <token>', 'the new token; made when not given')
        .option(
          '--password <password>',
          'the new password; made when not given, - reads it from standard input',
        )
        .option('--x509 <file>', 'PEM file of the new certificate; - reads it from standard input'),
    ).action(rotate),
    'thingpass credentials rotate meter-0001',
    'thingpass credentials rotate meter-0002 --overlap 12h',
    'thingpass credentials rotate meter-0003 --x509 renewed.pem --ends-on-first-use',
  );
  example(
    addOverlapOptions(
      addCredentialsOptions(
        credentials
          .command('switch')
          .argument('<device>', 'id or name')
          .description('give a device credentials of another kind; the old ones hold for a while')
          .option('--credentials <id>', 'which ones end; all that the device has when not given'),
      ),
    ).action(switchTo),
    'thingpass credentials switch gateway-1 --x509 gateway-1.pem --ends-on-first-use',
  );
  example(
    credentials
      .command('show')
      .argument('<device>', 'id or name')
      .description('show the credentials of a device, without password')
      .option('--reveal', 'show the access token, or a password that is kept in plain text, too')
      .action(show),
    'thingpass credentials show meter-0001',
  );
  example(
    credentials
      .command('revoke')
      .argument('<device>', 'id or name')
      .description('end the credentials of a device at once; a certificate goes on the deny list')
      .option('--credentials <id>', 'which ones; all that the device has when not given')
      .action(revoke),
    'thingpass credentials revoke meter-0001',
  );
}

interface OverlapOptions {
  readonly credentials?: string;
  readonly overlap?: string;
  readonly endsOnFirstUse?: boolean;
}

function addOverlapOptions(command: Command): Command {
  return command
    .option('--overlap <time>', 'how long the old one still holds, such as 12h or 7d; 0 for not at all')
    .option('--ends-on-first-use', 'the old one ends earlier, once the new one is used');
}

function overlapOptions({ credentials, overlap, endsOnFirstUse }: OverlapOptions) {
  const overlapMs = overlap === undefined ? undefined : readDuration('--overlap', overlap);
  return { credentials, overlapMs, endsOnFirstUse };
}

async function set(idOrName: string, options: CredentialsOptions, command: Command): Promise<void> {
  const request = readCredentialsRequest(options);
  const done = await withDevices(({ credentials }) => credentials.set(idOrName, request));
  await printRotated(command, done, 'set the credentials of');
}

interface AddOptions extends CredentialsOptions {
  readonly notBefore?: string;
  readonly notAfter?: string;
}

async function add(idOrName: string, options: AddOptions, command: Command): Promise<void> {
  const request = readCredentialsRequest(options);
  const { notBefore, notAfter } = options;
  const window = {
    notBefore: notBefore === undefined ? undefined : readTime('--not-before', notBefore),
    notAfter: notAfter === undefined ? undefined : readTime('--not-after', notAfter),
  };
  const done = await withDevices(({ credentials }) => credentials.add(idOrName, request, window));
  await printRotated(command, done, 'added credentials to');
}

interface RotateOptions extends OverlapOptions {
  readonly token?: string;
  readonly password?: string;
  readonly x509?: string;
}

async function rotate(idOrName: string, options: RotateOptions, command: Command): Promise<void> {
  const { token, password, x509 } = options;
  const request = {
    ...overlapOptions(options),
    token,
    password: password === undefined ? undefined : readPassword(password),
    certificate: x509 === undefined ? undefined : readInput(x509),
  };
  const done = await withDevices(({ credentials }) => credentials.rotate(idOrName, request));
  await printRotated(command, done, 'rotated the credentials of', true);
}

async function switchTo(
  idOrName: string,
  options: CredentialsOptions & OverlapOptions,
  command: Command,
): Promise<void> {
  const request = readCredentialsRequest(options);
  const which = overlapOptions(options);
  const done = await withDevices(({ credentials }) => credentials.switchTo(idOrName, request, which));
  await printRotated(command, done, 'switched the credentials of', true);
}

async function printRotated(
  command: Command,
  rotated: Rotated,
  did: string,
  tellsOverlap = false,
): Promise<void> {
  const { device, credentials, secret, overlap, ended: replaced } = rotated;
  const ended =
    replaced.length === 0 ? undefined : await endSessionsOf({ deviceId: device.id, credentials: replaced });
  const previousEnds = overlap === undefined ? 'at once' : new Date(overlap.endsAt).toISOString();
  const { onFirstUse = false } = overlap ?? {};
  const data = {
    device: device.id,
    id: credentials.id,
    version: credentials.version,
    credentials: device.credentials.map((one) => one.credentialsType),
    ...(tellsOverlap ? { previousEnds, endsOnFirstUse: onFirstUse } : {}),
    ...withSecret(secret),
    ended,
  };
  print(command, data, () =>
    [
      `${did} ${device.name} (${device.id})`,
      ...secretLines(secret),
      ...(tellsOverlap ? [previousLine(previousEnds, onFirstUse)] : []),
      ...sessionLines(ended),
    ].join('\n'),
  );
}

function previousLine(ends: string, onFirstUse: boolean): string {
  if (ends === 'at once') return 'the previous ones ended at once';
  return `the previous ones end ${onFirstUse ? 'when the new ones are used, or ' : ''}at ${ends}`;
}

async function show(idOrName: string, options: { reveal?: boolean }, command: Command): Promise<void> {
  const device = await withDevices(({ devices }) => devices.get(idOrName));
  const shown = device.credentials.map((one) => describeCredentials(one, options.reveal ?? false));
  print(command, shown, (entries) => entries.map((entry) => properties(Object.entries(entry))).join('\n\n'));
}

async function revoke(idOrName: string, which: { credentials?: string }, command: Command): Promise<void> {
  const { device, revoked } = await withDevices(({ credentials }) => credentials.revoke(idOrName, which));
  if (revoked.length === 0) throw new ThingPassError('command_failed', `${device.name} has no credentials`);
  const data = {
    device: device.id,
    revoked: revoked.map(({ id, credentialsType }) => ({ id, credentialsType })),
    ended: await endSessionsOf({ deviceId: device.id, credentials: revoked }),
  };
  const types = revoked.map(({ credentialsType }) => credentialsType).join(', ');
  print(command, data, ({ ended }) =>
    [`revoked ${types} of ${device.name} (${device.id})`, ...sessionLines(ended)].join('\n'),
  );
}
