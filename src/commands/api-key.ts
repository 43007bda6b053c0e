import { type Command, Option } from 'commander';
import { type ApiKeyEntry, makeApiKey, SCOPES, type Scope } from '../fleet/devices/api-key.ts';
import { ThingPassError } from '../model/errors.ts';
import { ApiKeyRepository } from '../storage/repositories/api-key-repository.ts';
import { table } from '../util/table.ts';
import { commandActor, example, print, withOwnDatabase } from './shared/command.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;

/** `thingpass api-key …`. */
export function addApiKey(program: Command): void {
  const apiKey = program.command('api-key').description('create, list and revoke keys of the management API');
  example(
    apiKey
      .command('create')
      .argument('<name>', 'what the key is for, unique; the audit trail names it')
      .description('create a key; it is shown this one time')
      .addOption(
        new Option('--scope <scope...>', 'what it may do; provision: bring in new devices, nothing else')
          .choices(SCOPES)
          .default(['read']),
      )
      .option('--days <count>', 'for how many days it holds; for ever when not given')
      .action(create),
    'thingpass api-key create dashboard',
    'thingpass api-key create operations --scope read write --days 365',
    'thingpass api-key create line-7 --scope provision --days 30',
  );
  example(
    apiKey.command('list').description('list the keys; the keys themselves are not shown').action(list),
    'thingpass api-key list',
  );
  example(
    apiKey
      .command('revoke')
      .argument('<key>', 'id or name')
      .description('end a key; running servers refuse it within a second')
      .action(revoke),
    'thingpass api-key revoke line-7',
  );
}

interface CreateOptions {
  readonly scope: Scope[];
  readonly days?: string;
}

async function create(name: string, options: CreateOptions, command: Command): Promise<void> {
  if (!/^[\w .:@-]{1,100}$/.test(name))
    throw new ThingPassError(
      'command_failed',
      'a key’s name has 1 to 100 letters, digits, blanks and . : @ _ -',
    );
  const days = options.days === undefined ? undefined : Number(options.days);
  if (days !== undefined && !(Number.isInteger(days) && days > 0 && days <= 36_500))
    throw new ThingPassError('command_failed', '--days takes a whole number from 1 to 36500');
  const createdTime = Date.now();
  const { key, text } = makeApiKey({
    name,
    createdTime,
    scopes: SCOPES.filter((scope) => options.scope.includes(scope)),
    expiresTime: days === undefined ? undefined : createdTime + days * DAY_MS,
  });
  if (!(await withKeys((keys) => keys.create(key, commandActor()))))
    throw new ThingPassError('command_failed', `there is a key ${name} already`);
  print(command, { ...summary(key), key: text }, (shown) =>
    [`created ${shown.name} (${shown.id}), ${shown.scopes.join(', ')}`, `key: ${text}`].join('\n'),
  );
}

async function list(_options: object, command: Command): Promise<void> {
  const keys = await withKeys((repository) => repository.list());
  print(command, keys.map(summary), (entries) =>
    entries.length === 0
      ? 'there are no keys'
      : table(
          ['NAME', 'SCOPES', 'EXPIRES', 'LAST USED', 'ID'],
          entries.map((key) => [
            ...[key.name, key.scopes.join(' ')],
            ...[key.expires ?? 'never', key.lastUsed ?? 'never', key.id],
          ]),
        ),
  );
}

async function revoke(idOrName: string, _options: object, command: Command): Promise<void> {
  const key = await withKeys((keys) => keys.revoke(idOrName, commandActor()));
  if (key === undefined) throw new ThingPassError('command_failed', `there is no key ${idOrName}`);
  print(command, { revoked: key.id }, () => `revoked ${key.name} (${key.id})`);
}

function summary(key: ApiKeyEntry) {
  const time = (value: number | undefined) =>
    value === undefined ? undefined : new Date(value).toISOString();
  return {
    id: key.id,
    name: key.name,
    scopes: key.scopes,
    created: time(key.createdTime),
    expires: time(key.expiresTime),
    lastUsed: time(key.lastUsedTime),
  };
}

function withKeys<Result>(run: (keys: ApiKeyRepository) => Promise<Result>): Promise<Result> {
  return withOwnDatabase((prisma) => run(new ApiKeyRepository(prisma)));
}
