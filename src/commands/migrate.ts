import type { Command } from 'commander';
import type { DatabaseLocation } from '../storage/connections/database-url.ts';
import { openPrisma } from '../storage/connections/prisma.ts';
import { migrate } from '../storage/migrations/apply.ts';
import {
  findUnusablePatterns,
  type UnusablePattern,
} from '../storage/repositories/profiles/chain-profiles.ts';
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
        const named = await recordMissingNames(database);
        const unusablePatterns = await unusablePatternsIn(database);
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

/** Patterns that an older version could use: otherwise their devices would be refused, and nobody told why. */
async function unusablePatternsIn(database: DatabaseLocation): Promise<UnusablePattern[]> {
  const prisma = await openPrisma(database, { readOnly: true });
  try {
    return await findUnusablePatterns(prisma);
  } finally {
    await prisma.$disconnect();
  }
}
