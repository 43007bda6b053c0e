import type { Command } from 'commander';
import { DENY_KINDS, type DenyEntry, type DenyKind, denyValue } from '../fleet/devices/deny-entry.ts';
import { isThingPassError, ThingPassError } from '../model/errors.ts';
import { DenyRepository } from '../storage/repositories/deny-repository.ts';
import { table } from '../util/table.ts';
import { endSessionsOf, sessionLines } from './end-sessions.ts';
import { commandActor, example, print, withDevices, withOwnDatabase } from './shared/command.ts';

const PAGE = 500;

/** `thingpass deny …`. */
export function addDeny(program: Command): void {
  const deny = program
    .command('deny')
    .description('the deny list: devices and certificates that are refused whatever they prove');
  example(
    deny
      .command('add')
      .argument('<kind>', DENY_KINDS.join(', '))
      .argument('<value>', 'the device’s id, a SHA-256 or a serial number in hex')
      .description('refuse it, from the next decision on, within a second')
      .option('--note <text>', 'why, shown in the list')
      .action(add),
    'thingpass deny add certificate_serial 1F:3A:77 --note "stolen in Delft"',
    'thingpass deny add device 6a1f3a0e-93f4-4c5e-9d6c-0d6b7a3c1f22',
  );
  example(deny.command('list').description('list what is denied').action(list), 'thingpass deny list');
  example(
    deny
      .command('remove')
      .argument('<kind>', DENY_KINDS.join(', '))
      .argument('<value>', 'as it was added')
      .description('refuse it no longer')
      .action(remove),
    'thingpass deny remove certificate_serial 1f3a77',
  );
}

async function add(kind: string, value: string, options: { note?: string }, command: Command): Promise<void> {
  const [known, written] = entryOf(kind, value);
  const { entry } = await withList((entries) => entries.put(known, written, options.note, commandActor()));
  const ended = known === 'device' ? await endSessionsOfDevice(written) : undefined;
  print(command, { ...summary(entry), ended }, (shown) =>
    [`denied: ${shown.kind} ${shown.value}`, ...sessionLines(ended)].join('\n'),
  );
}

/** Of a device that is gone, what is known without its credentials. */
async function endSessionsOfDevice(deviceId: string) {
  const credentials = await withDevices(async ({ devices }) => {
    try {
      return (await devices.get(deviceId)).credentials;
    } catch (error) {
      if (isThingPassError(error, 'device_not_found')) return [];
      throw error;
    }
  });
  return endSessionsOf({ deviceId, credentials });
}

async function list(_options: object, command: Command): Promise<void> {
  const entries = await withList(async (repository) => {
    const all: DenyEntry[] = [];
    for (;;) {
      const page = await repository.list({ after: all.at(-1), limit: PAGE });
      all.push(...page);
      if (page.length < PAGE) return all;
    }
  });
  print(command, entries.map(summary), (shown) =>
    shown.length === 0
      ? 'nothing is denied'
      : table(
          ['KIND', 'VALUE', 'SINCE', 'NOTE'],
          shown.map(({ kind, value, created, note }) => [kind, value, created, note ?? '']),
        ),
  );
}

async function remove(kind: string, value: string, _options: object, command: Command): Promise<void> {
  const [known, written] = entryOf(kind, value);
  if (!(await withList((entries) => entries.remove(known, written, commandActor()))))
    throw new ThingPassError('command_failed', `${kind} ${written} is not denied`);
  print(command, { kind, value: written }, () => `not denied any more: ${kind} ${written}`);
}

function entryOf(kind: string, value: string): readonly [DenyKind, string] {
  const known = DENY_KINDS.find((one) => one === kind);
  if (known === undefined)
    throw new ThingPassError('command_failed', `<kind> is one of ${DENY_KINDS.join(', ')}`);
  return [known, denyValue(known, value)];
}

function summary({ kind, value, note, createdTime }: DenyEntry) {
  return { kind, value, note, created: new Date(createdTime).toISOString() };
}

function withList<Result>(run: (list: DenyRepository) => Promise<Result>): Promise<Result> {
  return withOwnDatabase((prisma) => run(new DenyRepository(prisma)));
}
