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
        const { database } = loadConfig();
        const applied = await migrate(database);
        // Credentials of older versions, and those that came by other means; also a part of what serve does.
        const { recordMissingNames } = await import('../storage/repositories/record-missing-names.ts');
        const named = await recordMissingNames(database);
        print(command, { applied, named }, () =>
          [
            ...applied.map((name) => `applied ${name}`),
            ...(named === 0 ? [] : [`recorded what ${named} certificates are called`]),
            ...(applied.length + named === 0 ? ['the database is up to date'] : []),
          ].join('\n'),
        );
      }),
    'thingpass migrate',
  );
}
