#!/usr/bin/env node
import { Command } from 'commander';
import { addApiKey } from './commands/api-key.ts';
import { addCertificate } from './commands/certificate.ts';
import { CommandFailed } from './commands/command.ts';
import { addCredentials } from './commands/credentials.ts';
import { addDeny } from './commands/deny.ts';
import { addDevice } from './commands/device.ts';
import { addHealth } from './commands/health.ts';
import { addMigrate } from './commands/migrate.ts';
import { addRule } from './commands/rule.ts';
import { addServe } from './commands/serve.ts';
import { addSettings } from './commands/settings.ts';
import { addTls } from './commands/tls.ts';
import { ConfigError } from './config.ts';
import { DeviceProblem } from './devices/device-service.ts';
import { AlreadyTaken } from './storage/already-taken.ts';
import { ThingsBoardSchemaProblem } from './storage/thingsboard/schema-check.ts';
import { VERSION } from './version.ts';

const program = new Command('thingpass')
  .description(
    'HTTP authentication and authorization for MQTT brokers, with ThingsBoard’s device credentials',
  )
  .version(VERSION)
  .option('--json', 'print JSON instead of text for people')
  .showHelpAfterError()
  .addHelpText(
    'after',
    '\nExit codes: 0 done, 1 not done, 2 the command or the configuration cannot be used.',
  );

// Before the commands are added: they inherit it.
program.exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));
addServe(program);
addDevice(program);
addCredentials(program);
addRule(program);
addDeny(program);
addApiKey(program);
addCertificate(program);
addTls(program);
addMigrate(program);
addHealth(program);
addSettings(program);

try {
  await program.parseAsync();
} catch (error) {
  const { message, stack } = error as Error;
  const isForPeople = [
    CommandFailed,
    ConfigError,
    DeviceProblem,
    AlreadyTaken,
    ThingsBoardSchemaProblem,
  ].some((kind) => (error as object) instanceof kind);
  process.stderr.write(`${isForPeople ? message : `unexpected: ${stack}`}\n`);
  process.exitCode = error instanceof ConfigError ? 2 : 1;
}
