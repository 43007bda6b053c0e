import type { Command } from 'commander';
import { envExample, SETTINGS } from '../config/settings.ts';
import { table } from '../util/table.ts';
import { example, print } from './shared/command.ts';

/** `thingpass settings`. */
export function addSettings(program: Command): void {
  example(
    program
      .command('settings')
      .description('list every setting with its default and meaning')
      .option('--env', 'as a file to start a .env from')
      .action((options: { env?: boolean }, command: Command) => {
        print(command, SETTINGS, (settings) =>
          options.env
            ? envExample().trimEnd()
            : table(
                ['SETTING', 'DEFAULT', 'MEANING'],
                settings.map((setting) => [setting.name, setting.default, setting.meaning]),
              ),
        );
      }),
    'thingpass settings --env > .env',
  );
}
