import { setTimeout as wait } from 'node:timers/promises';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { isThingPassError } from '../model/errors.ts';
import { BROKER_NAMES } from '../model/question.ts';
import type { RecentDecision } from '../server/logging/decisions/recent-decisions.ts';
import { printable } from '../util/table.ts';
import { example, print } from './shared/command.ts';
import { askRunningServer } from './shared/running-server.ts';

interface Decision extends Omit<RecentDecision, 'time' | 'sequence'> {
  readonly id: string;
  readonly time: string;
}

interface DecisionPage {
  readonly items: readonly Decision[];
  readonly next?: string;
  readonly silent: readonly number[];
}

interface Options {
  readonly url?: string;
  readonly follow?: boolean;
  readonly denied?: boolean;
  readonly device?: string;
  readonly broker?: string;
  readonly since?: string | undefined;
  readonly limit: number;
}

const MOST = 1_000;
const ASK_EVERY_MS = 1_000;
/** Workers answer one after the other: what one decided after its answer may be older than what another told. */
const OVERLAP_MS = 2_000;

/** `thingpass decisions`: what a running server has in memory, so it is asked. */
export function addDecisions(program: Command): void {
  example(
    program
      .command('decisions')
      .description('what a running server decided last, and why')
      .option('--url <url>', 'the server; that of this machine when not given')
      .option('--follow', 'go on with what is decided from now on')
      .option('--denied', 'only refusals')
      .option('--device <device>', 'only of this device, by id or name, or of this client id')
      .addOption(new Option('--broker <name>', 'only asked by this broker').choices(BROKER_NAMES))
      .option('--since <time>', 'only from then on, such as 2027-01-31T12:00:00Z')
      .option('--limit <count>', `how many of the latest; up to ${MOST}`, readLimit, 100)
      .action(run),
    'thingpass decisions --denied --device meter-7',
    'thingpass decisions --follow --denied',
  );
}

function readLimit(text: string): number {
  const limit = Number(text);
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST)
    throw new InvalidArgumentError(`a whole number from 1 to ${MOST}`);
  return limit;
}

async function run({ url, follow, ...request }: Options, command: Command): Promise<void> {
  const page = await ask(url, request);
  tellOfSilent(page);
  const items = [...page.items].reverse();
  if (follow) return followFrom(url, request, items, command);
  print(command, { items, silent: page.silent }, (shown) => shown.items.map(readable).join('\n'));
}

async function followFrom(
  url: string | undefined,
  request: Omit<Options, 'url' | 'follow'>,
  first: readonly Decision[],
  command: Command,
): Promise<void> {
  const { json } = command.optsWithGlobals<{ json?: boolean }>();
  const show = json ? JSON.stringify : readable;
  // The reader has closed the pipe.
  process.stdout.on('error', () => process.exit(0));
  let seen = new Set<string>();
  let items = first;
  let since = request.since;
  for (;;) {
    for (const one of items) if (!seen.has(one.id)) process.stdout.write(`${show(one)}\n`);
    const last = items.at(-1);
    if (last !== undefined) {
      seen = new Set(items.map(({ id }) => id));
      since = new Date(Date.parse(last.time) - OVERLAP_MS).toISOString();
    }
    await wait(ASK_EVERY_MS);
    items = await askAgain(url, { ...request, since, limit: MOST });
  }
}

/** A server that is started anew is waited for. */
async function askAgain(
  url: string | undefined,
  request: Omit<Options, 'url' | 'follow'>,
): Promise<readonly Decision[]> {
  try {
    const page = await ask(url, request);
    tellOfSilent(page);
    return [...page.items].reverse();
  } catch (error) {
    if (!isThingPassError(error, 'command_failed')) throw error;
    process.stderr.write(`${error.message}\n`);
    return [];
  }
}

function ask(url: string | undefined, request: Omit<Options, 'url' | 'follow'>): Promise<DecisionPage> {
  const given = Object.entries(request).filter(([, value]) => value !== undefined);
  const query = new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)]));
  return askRunningServer<DecisionPage>(url, 'GET', `/decisions?${query}`);
}

function tellOfSilent({ silent }: DecisionPage): void {
  if (silent.length > 0)
    process.stderr.write(`no answer from worker ${silent.join(', ')}: its decisions are missing\n`);
}

function readable(one: Decision): string {
  const parts = [
    ...[one.time, one.broker, one.endpoint, one.outcome, one.reason],
    one.device && `device ${one.device.name}`,
    one.clientId && `client ${one.clientId}`,
    one.username && `user ${one.username}`,
    one.address && `from ${one.address}`,
    one.action && `${one.action} ${one.topic}`,
    one.topics && `(${one.granted === undefined ? '' : `${one.granted} of `}${one.topics} topics)`,
    one.outcome !== 'allow' && `- ${one.steps.at(-1)?.detail ?? one.sentence}`,
  ];
  return printable(parts.filter((part) => part).join(' '));
}
