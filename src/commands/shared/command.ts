import { existsSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { loadEnvFile } from 'node:process';
import type { Command } from 'commander';
import { type Config, readConfig } from '../../config/config.ts';
import { createKeepPassword } from '../../engine/secrets/keep-password.ts';
import { createSecretSchemes } from '../../engine/secrets/secret-schemes.ts';
import { CredentialsService } from '../../fleet/devices/credentials-service.ts';
import { DeviceService } from '../../fleet/devices/device-service.ts';
import type { Actor } from '../../model/audit.ts';
import { type PrismaClient, withDatabase } from '../../storage/connections/prisma.ts';
import { migrate } from '../../storage/migrations/apply.ts';
import { DeviceListing } from '../../storage/repositories/devices/device-listing.ts';
import { DEVICE_SOURCES, type DeviceSource } from '../../storage/repositories/devices/device-query.ts';
import { DeviceRepository } from '../../storage/repositories/devices/device-repository.ts';
import { ThingsBoardDevices } from '../../storage/thingsboard/devices.ts';

/** The configuration out of the environment and, for names not set there, the file `.env` of the working directory. */
export function loadConfig(): Config {
  if (existsSync('.env')) loadEnvFile('.env');
  return readConfig(process.env);
}

/** The user who runs the command, for the audit trail: as the system knows it, on this machine. */
export function commandActor(): Actor {
  let user: string;
  try {
    user = userInfo().username;
  } catch {
    // A container's user need not have a name.
    user = String(process.getuid?.() ?? 'unknown');
  }
  return { name: `cli:${user}`, origin: hostname() };
}

/** Runs with the configured database, which is migrated before, and closed whatever happens. */
export async function withOwnDatabase<Result>(
  run: (prisma: PrismaClient, config: Config) => Promise<Result>,
): Promise<Result> {
  const config = loadConfig();
  await migrate(config.database);
  return withDatabase(config.database, (prisma) => run(prisma, config));
}

/** Devices of the configured database, changed in the name of the user who runs the command. */
export interface Devices {
  readonly devices: DeviceService;
  readonly credentials: CredentialsService;
}

/** Runs with the devices of a migrated database, and closes it whatever happens. */
export function withDevices<Result>(run: (devices: Devices) => Promise<Result>): Promise<Result> {
  return withOwnDatabase(async (prisma, { credentialLifecycle, thingsboard }) => {
    const { passwords, overlapMs, oneCredentialPerDevice } = credentialLifecycle;
    const repository = new DeviceRepository(prisma, commandActor(), {
      oneCredentialPerDevice,
      thingsboard: thingsboard && new ThingsBoardDevices(thingsboard.location),
    });
    const secrets = createSecretSchemes({ chosen: passwords.chosen });
    const keepPassword = createKeepPassword(secrets, passwords.scramIterations);
    try {
      return await run({
        devices: new DeviceService(repository, keepPassword),
        credentials: new CredentialsService(repository, { keepPassword, overlapMs, now: Date.now }),
      });
    } finally {
      await secrets.close();
    }
  });
}

/** Runs with what there is to list: the devices of a migrated database and, where it is read, of ThingsBoard's own. */
export function withListing<Result>(
  run: (listing: DeviceListing, sources: readonly DeviceSource[]) => Promise<Result>,
): Promise<Result> {
  return withOwnDatabase((prisma, { database, thingsboard }) => {
    const theirs = thingsboard && new ThingsBoardDevices(thingsboard.location);
    return run(
      new DeviceListing(prisma, database.kind, theirs),
      theirs === undefined ? ['own'] : DEVICE_SOURCES,
    );
  });
}

/** Prints data: JSON where `--json` was given, what `readable` makes of it otherwise. */
export function print<Data>(command: Command, data: Data, readable: (data: Data) => string): void {
  const { json } = command.optsWithGlobals<{ json?: boolean }>();
  process.stdout.write(`${json ? JSON.stringify(data, undefined, 2) : readable(data)}\n`);
}

const EXIT_CODES = new WeakMap<Command, string>();

/** Has a command's help say what it ends with, where that differs from the others. */
export function exitCodes(command: Command, text: string): Command {
  EXIT_CODES.set(command, text);
  return command;
}

/** What stands at the end of each command's help. */
export function exitCodesOf(command: Command): string {
  const text =
    EXIT_CODES.get(command) ?? '0 done, 1 not done, 2 the command or the configuration cannot be used';
  return `\nExit codes: ${text}.`;
}

/** An example below the help text. */
export function example(command: Command, ...lines: readonly string[]): Command {
  return command.addHelpText('after', `\nExample:\n${lines.map((line) => `  $ ${line}`).join('\n')}`);
}
