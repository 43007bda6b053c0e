import { type Command, InvalidArgumentError, Option } from 'commander';
import type { EmqxAlgorithm } from '../devices/import/emqx-algorithm.ts';
import type { ImportOptions } from '../devices/import/read-import.ts';
import { CommandFailed } from './command.ts';

/** What the formats do not tell of themselves. */
export interface FormatOptions {
  readonly allowNoPassword?: boolean;
  readonly algorithm: (typeof ALGORITHMS)[number];
  readonly saltPosition: 'prefix' | 'suffix' | 'disable';
  readonly mac: string;
  readonly iterations?: number;
  readonly keyBytes?: number;
  readonly saltEncoding: 'base64' | 'utf-8';
  readonly topicsBeforeUsers: 'anonymous' | 'everyone';
}

const ALGORITHMS = ['plain', 'md5', 'sha', 'sha256', 'sha512', 'bcrypt', 'pbkdf2'] as const;

export function addFormatOptions(command: Command): Command {
  return command
    .option('--allow-no-password', 'csv, jsonl: take user names and client ids without a password')
    .addOption(
      new Option('--algorithm <name>', 'emqx: password_hash_algorithm.name')
        .choices(ALGORITHMS)
        .default('sha256'),
    )
    .addOption(
      new Option('--salt-position <place>', 'emqx: password_hash_algorithm.salt_position')
        .choices(['prefix', 'suffix', 'disable'])
        .default('prefix'),
    )
    .addOption(
      new Option('--mac <digest>', 'emqx, pbkdf2: mac_fun')
        .choices(['sha', 'sha224', 'sha256', 'sha384', 'sha512'])
        .default('sha256'),
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

/** @throws {CommandFailed} for options that lack another one. */
export function readFormatOptions(options: FormatOptions): ImportOptions {
  const { allowNoPassword = false, saltEncoding, topicsBeforeUsers } = options;
  return { allowNoPassword, saltEncoding, topicsBeforeUsers, algorithm: readAlgorithm(options) };
}

function readAlgorithm(options: FormatOptions): EmqxAlgorithm {
  const { algorithm: name, saltPosition, mac: macFunction, iterations, keyBytes } = options;
  if (name === 'bcrypt') return { name };
  if (name !== 'pbkdf2') return { name, saltPosition };
  if (iterations === undefined) throw new CommandFailed('--algorithm pbkdf2 needs --iterations');
  return { name, macFunction, iterations, ...(keyBytes === undefined ? {} : { keyBytes }) };
}

function readCount(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('a whole number from 1');
}
