import { readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import type { CredentialsRequest } from '../../fleet/devices/new-credentials.ts';
import { ThingPassError } from '../../model/errors.ts';

export interface CredentialsOptions {
  readonly token?: string;
  readonly mqttBasic?: boolean;
  readonly clientId?: string;
  readonly username?: string;
  /** A text, or false for `--no-password`. */
  readonly password?: string | boolean;
  readonly x509?: string;
}

/** The options that say which credentials a device gets; `device create` and `credentials set` share them. */
export function addCredentialsOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--token <token>', 'access token; made when not given').conflicts(['mqttBasic', 'x509']),
    )
    .addOption(
      new Option('--mqtt-basic', 'client id, user name and password instead of a token').conflicts('x509'),
    )
    .option('--client-id <id>', 'client id that the device must use (with --mqtt-basic)')
    .option('--username <name>', 'user name (with --mqtt-basic)')
    .option(
      '--password <password>',
      'password (with --mqtt-basic); made when not given, - reads it from standard input',
    )
    .option('--no-password', 'accept any password (with --mqtt-basic)')
    .option('--x509 <file>', 'PEM file of the device’s certificate; - reads it from standard input');
}

/**
 * The wish that the options make.
 * @throws {ThingPassError} `command_failed` for options that do not go together, or a file that cannot be used.
 */
export function readCredentialsRequest(options: CredentialsOptions): CredentialsRequest {
  if (options.x509 !== undefined) return { kind: 'x509', certificate: readInput(options.x509) };
  if (options.mqttBasic) {
    const { clientId, username } = options;
    if (clientId === undefined && username === undefined) {
      throw new ThingPassError('command_failed', '--mqtt-basic needs --client-id, --username or both');
    }
    return { kind: 'mqtt_basic', clientId, userName: username, password: wantedPassword(options.password) };
  }
  for (const option of ['clientId', 'username'] as const) {
    if (options[option] !== undefined)
      throw new ThingPassError('command_failed', '--client-id and --username go with --mqtt-basic');
  }
  return { kind: 'access_token', token: options.token };
}

function wantedPassword(option: string | boolean | undefined): string | null | undefined {
  if (option === false) return null;
  if (typeof option !== 'string') return undefined;
  return readPassword(option);
}

/** A password as an option gives it: itself, or - for the first line of standard input. */
export function readPassword(option: string): string {
  return option === '-' ? readInput('-').replace(/\r?\n$/, '') : option;
}

/** @throws {ThingPassError} `command_failed` when the file, or - for standard input, cannot be read. */
export function readInput(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new ThingPassError(
      'command_failed',
      `${file} cannot be read (${(error as NodeJS.ErrnoException).code})`,
    );
  }
}
