import type { Command } from 'commander';
import { withDatabase } from '../storage/connections/prisma.ts';
import { migrate } from '../storage/migrations/apply.ts';
import { findUnusablePatterns } from '../storage/repositories/profiles/chain-profiles.ts';
import { example, loadConfig, print } from './shared/command.ts';

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
        const { recordMissingNames } = await import(
          '../storage/repositories/credentials/record-missing-names.ts'
        );
        const [named, unusablePatterns] = await withDatabase(database, async (prisma) => [
          await recordMissingNames(prisma),
          // An older version could use these: otherwise their devices would be refused, and nobody told why.
          await findUnusablePatterns(prisma),
        ]);
        print(command, { applied, named, unusablePatterns }, () =>
          [
            ...applied.map((name) => `applied ${name}`),
            ...(named === 0 ? [] : [`recorded what ${named} certificates are called`]),
            ...(applied.length + named === 0 ? ['the database is up to date'] : []),
            ...unusablePatterns.map(
              ({ profile, problem }) =>
                `profile ${profile} lets no device in by its certificate; of its pattern, ${problem}`,
            ),
          ].join('\n'),
        );
      }),
    'thingpass migrate',
  );
}
