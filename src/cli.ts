#!/usr/bin/env node
import { Command } from 'commander';
import { commandEnd } from './commands/failure.ts';
import { exitCodesOf } from './commands/shared/command.ts';
import { VERSION } from './util/version.ts';

const COMMANDS: readonly (readonly [name: string, load: () => Promise<(program: Command) => void>])[] = [
  ['serve', async () => (await import('./commands/serve.ts')).addServe],
  ['device', async () => (await import('./commands/device.ts')).addDevice],
  ['credentials', async () => (await import('./commands/credentials.ts')).addCredentials],
  ['expiring', async () => (await import('./commands/expiring.ts')).addExpiring],
  ['explain', async () => (await import('./commands/explain.ts')).addExplain],
  ['decisions', async () => (await import('./commands/decisions.ts')).addDecisions],
  ['rule', async () => (await import('./commands/rule.ts')).addRule],
  ['deny', async () => (await import('./commands/deny.ts')).addDeny],
  ['import', async () => (await import('./commands/import.ts')).addImport],
  ['export', async () => (await import('./commands/export.ts')).addExport],
  ['blocked', async () => (await import('./commands/blocked.ts')).addBlocked],
  ['api-key', async () => (await import('./commands/api-key.ts')).addApiKey],
  ['ca-bundle', async () => (await import('./commands/ca-bundle.ts')).addCaBundle],
  ['certificate', async () => (await import('./commands/certificate.ts')).addCertificate],
  ['broker-config', async () => (await import('./commands/broker-config.ts')).addBrokerConfig],
  ['doctor', async () => (await import('./commands/doctor.ts')).addDoctor],
  ['tls', async () => (await import('./commands/tls.ts')).addTls],
  ['migrate', async () => (await import('./commands/migrate.ts')).addMigrate],
  ['health', async () => (await import('./commands/health.ts')).addHealth],
  ['settings', async () => (await import('./commands/settings.ts')).addSettings],
];

const program = new Command('thingpass')
  .description(
    'HTTP authentication and authorization for MQTT brokers, with ThingsBoard’s device credentials',
  )
  .version(VERSION)
  .option('--json', 'print JSON instead of text')
  .showHelpAfterError('--help shows what there is.')
  .addHelpText('afterAll', ({ command }) => exitCodesOf(command));

// Before the commands are added: they inherit it.
program.exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));
for (const add of await Promise.all(chosen().map((load) => load()))) add(program);

try {
  await program.parseAsync();
} catch (error) {
  const { text, exitCode } = commandEnd(error);
  process.stderr.write(`${text}\n`);
  process.exitCode = exitCode;
}

/** The command that was named, as nothing else then has to be loaded; all of them for help and for what is misspelt. */
function chosen(): readonly (() => Promise<(program: Command) => void>)[] {
  const named = process.argv.slice(2).find((word) => !word.startsWith('-'));
  const command = COMMANDS.find(([name]) => name === named);
  return (command === undefined ? COMMANDS : [command]).map(([, load]) => load);
}
