import { existsSync } from 'node:fs';
import { loadEnvFile } from 'node:process';
import type { Command } from 'commander';
import { hasProblems, readableChecks } from '../doctor/report.ts';
import { example, print } from './command.ts';

/** `thingpass doctor`. */
export function addDoctor(program: Command): void {
  example(
    program
      .command('doctor')
      .description('look for what stops people: settings, files, clock, database, certificates, topics')
      .addHelpText(
        'after',
        '\nExit codes: 0 no problem (there may be advice), 1 problems, 2 the options cannot be used.',
      )
      .action(examine),
    'thingpass doctor',
  );
}

async function examine(_options: object, command: Command): Promise<void> {
  const { examineInstallation } = await import('../doctor/installation.ts');
  const environmentFile = existsSync('.env') ? '.env' : undefined;
  if (environmentFile !== undefined) loadEnvFile(environmentFile);
  const checks = await examineInstallation(process.env, environmentFile);
  print(command, { checks }, () => readableChecks(checks));
  if (hasProblems(checks.flatMap(({ findings }) => findings))) process.exitCode = 1;
}
