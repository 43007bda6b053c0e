import { type Command, InvalidArgumentError, Option } from 'commander';
import {
  EMQX_ALGORITHMS,
  EMQX_MAC_FUNCTIONS,
  EMQX_SALT_POSITIONS,
  type EmqxAlgorithmOptions,
  readEmqxAlgorithm,
} from '../../fleet/devices/import/emqx-algorithm.ts';
import type { ImportOptions } from '../../fleet/devices/import/read-import.ts';
import { ThingPassError } from '../../model/errors.ts';

/** What the formats do not tell of themselves. */
export interface FormatOptions extends EmqxAlgorithmOptions {
  readonly allowNoPassword?: boolean;
  readonly saltEncoding: 'base64' | 'utf-8';
  readonly topicsBeforeUsers: 'anonymous' | 'everyone';
}

export function addFormatOptions(command: Command): Command {
  return command
    .option('--allow-no-password', 'csv, jsonl: take user names and client ids without a password')
    .addOption(
      new Option('--algorithm <name>', 'emqx: password_hash_algorithm.name')
        .choices(EMQX_ALGORITHMS)
        .default('sha256'),
    )
    .addOption(
      new Option('--salt-position <place>', 'emqx: password_hash_algorithm.salt_position')
        .choices(EMQX_SALT_POSITIONS)
        .default('prefix'),
    )
    .addOption(
      new Option('--mac <digest>', 'emqx, pbkdf2: mac_fun').choices(EMQX_MAC_FUNCTIONS).default('sha256'),
    )
    .option('--iterations <count>', 'emqx, pbkdf2: iterations', readCount)
    .option('--key-bytes <count>', 'emqx, pbkdf2: dk_length; the length of the digest by default', readCount)
    .addOption(
      new Option(
        '--salt-encoding <encoding>',
        'mosquitto-passwords: mosquitto-go-auth’s hasher_salt_encoding',
      )
        .choices(['base64', 'utf-8'])
        .default('base64'),
    )
    .addOption(
      new Option(
        '--topics-before-users <whose>',
        'mosquitto-acl: topics above the first user are for clients without a user name (Mosquitto) or for everyone (mosquitto-go-auth)',
      )
        .choices(['anonymous', 'everyone'])
        .default('anonymous'),
    );
}

/** @throws {ThingPassError} `command_failed` for options that lack another one. */
export function readFormatOptions(options: FormatOptions): ImportOptions {
  const { allowNoPassword = false, saltEncoding, topicsBeforeUsers } = options;
  const algorithm = readEmqxAlgorithm(options);
  if (typeof algorithm === 'string') throw new ThingPassError('command_failed', `--algorithm: ${algorithm}`);
  return { allowNoPassword, saltEncoding, topicsBeforeUsers, algorithm };
}

function readCount(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('a whole number from 1');
}
