import { existsSync } from 'node:fs';
import { loadEnvFile } from 'node:process';
import type { Command } from 'commander';
import { hasProblems, readableChecks, readableFinding, summary } from '../doctor/report.ts';
import { CommandFailed, example, print } from './command.ts';
import { readBytes } from './input.ts';

interface Options {
  readonly brokerConfig?: string;
  readonly product?: string;
  readonly for?: string;
}

/** `thingpass doctor`. */
export function addDoctor(program: Command): void {
  example(
    program
      .command('doctor')
      .description('look for what stops people: settings, files, clock, database, certificates, topics')
      .option(
        '--broker-config <file>',
        'look at this configuration of a broker or proxy instead; - reads standard input',
      )
      .option('--product <name>', 'whose it is, where that cannot be told from the file')
      .option('--for <version>', 'version of the product, where defaults changed')
      .addHelpText(
        'after',
        '\nExit codes: 0 no problem (there may be advice), 1 problems, 2 the options cannot be used.',
      )
      .action(run),
    'thingpass doctor',
    'thingpass doctor --broker-config /etc/emqx/emqx.conf --for 6.2',
  );
}

async function run(options: Options, command: Command): Promise<void> {
  if (options.brokerConfig === undefined) await examine(command);
  else await diagnoseFile(options.brokerConfig, options, command);
}

async function examine(command: Command): Promise<void> {
  const { examineInstallation } = await import('../doctor/installation.ts');
  const environmentFile = existsSync('.env') ? '.env' : undefined;
  if (environmentFile !== undefined) loadEnvFile(environmentFile);
  const checks = await examineInstallation(process.env, environmentFile);
  print(command, { checks }, () => readableChecks(checks));
  if (hasProblems(checks.flatMap(({ findings }) => findings))) process.exitCode = 1;
}

async function diagnoseFile(
  file: string,
  { product, for: version }: Options,
  command: Command,
): Promise<void> {
  const { diagnose, READ_PRODUCTS } = await import('../doctor/broker-config/diagnose.ts');
  const text = readBytes(file)?.toString('utf8');
  if (text === undefined) return;
  const diagnosis = diagnose(text, product, version);
  if (diagnosis === undefined)
    throw new CommandFailed(
      `${product ?? file} is none that is read: give --product, one of ${READ_PRODUCTS.join(', ')}`,
    );
  print(command, { file, ...diagnosis }, () =>
    [
      ...diagnosis.traps.map((trap) => readableFinding(trap, `${file}:${trap.line}`)),
      `${diagnosis.product}: ${summary(diagnosis.traps)}`,
    ].join('\n'),
  );
  if (hasProblems(diagnosis.traps)) process.exitCode = 1;
}
