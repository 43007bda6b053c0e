import { type Command, Option } from 'commander';
import { THROTTLE_KINDS } from '../config/throttle-settings.ts';
import { table } from '../util/table.ts';
import { example, print } from './shared/command.ts';
import { askRunningServer } from './shared/running-server.ts';

interface BlockedPage {
  readonly items: readonly { by: string; value: string; failures: number; until: string }[];
  readonly total: number;
}

interface BlockedOptions {
  readonly url?: string;
  readonly by?: string;
}

/** `thingpass blocked …`: what a running server has in memory, so it is asked. */
export function addBlocked(program: Command): void {
  const blocked = program
    .command('blocked')
    .description('who is blocked for a while because of wrong credentials, at a running server');
  const asking = (command: Command): Command =>
    command
      .option('--url <url>', 'the server; that of this machine when not given')
      .addOption(new Option('--by <kind>', 'only those counted by this').choices(THROTTLE_KINDS));
  example(
    asking(blocked.command('list')).description('list who is blocked, and until when').action(list),
    'thingpass blocked list',
  );
  example(
    asking(blocked.command('clear'))
      .argument('[value]', 'as the list shows it; all when not given')
      .description('end blocks, and forget the failures that led to them')
      .action(clear),
    'thingpass blocked clear 203.0.113.7',
    'thingpass blocked clear --by client_id',
  );
}

async function list({ url, by }: BlockedOptions, command: Command): Promise<void> {
  const page = await askRunningServer<BlockedPage>(url, 'GET', `/blocked${filter({ by })}`);
  print(command, page, ({ items, total }) => {
    if (total === 0) return 'nobody is blocked';
    const shown = table(
      ['BY', 'VALUE', 'FAILURES', 'UNTIL'],
      items.map((one) => [one.by, one.value, String(one.failures), one.until]),
    );
    return total > items.length ? `${shown}\nand ${total - items.length} more` : shown;
  });
}

async function clear(
  value: string | undefined,
  { url, by }: BlockedOptions,
  command: Command,
): Promise<void> {
  const path = `/blocked${filter({ by, value })}`;
  const answer = await askRunningServer<{ cleared: number }>(url, 'DELETE', path);
  print(command, answer, ({ cleared }) => `blocks ended: ${cleared}`);
}

function filter(members: Readonly<Record<string, string | undefined>>): string {
  const given = Object.entries(members).filter((one): one is [string, string] => one[1] !== undefined);
  return given.length === 0 ? '' : `?${new URLSearchParams(given)}`;
}
