import type { Command } from 'commander';
import { migrate } from '../storage/migrations/apply.ts';
import { example, loadConfig, print } from './command.ts';

/** `thingpass migrate`. */
export function addMigrate(program: Command): void {
  example(
    program
      .command('migrate')
      .description('create the database or bring it up to this version, as serve does by itself')
      .action(async (_options: object, command: Command) => {
        const applied = await migrate(loadConfig().database);
        print(command, { applied }, () =>
          applied.length === 0
            ? 'the database is up to date'
            : applied.map((name) => `applied ${name}`).join('\n'),
        );
      }),
    'thingpass migrate',
  );
}
