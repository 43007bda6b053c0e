import { type Command, InvalidArgumentError, Option } from 'commander';
import { type RuleEntry, RuleService } from '../fleet/devices/rule-service.ts';
import { readRulesFile } from '../server/read-rules-file.ts';
import { withDatabase } from '../storage/connections/prisma.ts';
import { migrate } from '../storage/migrations/apply.ts';
import { RuleRepository } from '../storage/repositories/rule-repository.ts';
import { table } from '../util/table.ts';
import { commandActor, example, loadConfig, print } from './shared/command.ts';

/** `thingpass rule …`. */
export function addRule(program: Command): void {
  const rule = program
    .command('rule')
    .description('topic rules in the database; running servers obey a change within a second');
  example(
    withOwner(
      rule
        .command('add')
        .addArgument(program.createArgument('<permission>', 'allow or deny').choices(['allow', 'deny']))
        .addArgument(program.createArgument('<action>', 'what for').choices(['publish', 'subscribe', 'all']))
        .argument('<filter>', 'MQTT filter, with placeholders where wanted; put it in single quotes')
        .description('add a rule behind the others; the first that matches decides')
        .option('--qos <level...>', 'for these QoS levels only', readQos, [])
        .addOption(
          new Option('--retain <flag>', 'for publishes with this retain flag only').choices([
            'true',
            'false',
          ]),
        )
        .option('--note <text>', 'what it is for')
        .option('--before <rule>', 'id of the rule that it goes before'),
    ).action(add),
    `thingpass rule add allow all 'plant/\${device.name}/#'`,
    `thingpass rule add deny publish 'plant/+/set' --profile pumps`,
    `thingpass rule add allow subscribe 'announcements/#' --qos 0 --device meter-0001`,
  );
  example(
    withOwner(rule.command('list'))
      .description('list the rules of the database in the order in which they decide; all, or those of one')
      .action(list),
    'thingpass rule list --profile pumps',
  );
  example(
    rule.command('remove').argument('<rule>', 'id of the rule').description('remove a rule').action(remove),
    'thingpass rule remove 0b4c8f3a-6f0e-4a57-9d4e-0f5d3c1b2a90',
  );
}

interface OwnerOptions {
  readonly profile?: string;
  readonly device?: string;
}

interface AddOptions extends OwnerOptions {
  readonly qos: readonly number[];
  readonly retain?: 'true' | 'false';
  readonly note?: string;
  readonly before?: string;
}

function withOwner(command: Command): Command {
  return command
    .addOption(
      new Option('--profile <profile>', 'for the devices of this profile, by id or name').conflicts('device'),
    )
    .option('--device <device>', 'for this device, by id or name');
}

function readQos(text: string, before: readonly number[]): readonly number[] {
  if (!/^[012]$/.test(text)) throw new InvalidArgumentError('0, 1 or 2');
  return [...before, Number(text)];
}

async function add(
  permission: string,
  action: string,
  filter: string,
  options: AddOptions,
  command: Command,
): Promise<void> {
  const { profile, device, qos, retain, note, before } = options;
  const request = {
    permission,
    action,
    filter,
    ...(qos.length === 0 ? {} : { qos }),
    ...(retain === undefined ? {} : { retain: retain === 'true' }),
    ...(note === undefined ? {} : { note }),
    ...(profile === undefined ? {} : { profile }),
    ...(device === undefined ? {} : { device }),
  };
  const entry = await withRules((rules) => rules.create(request, commandActor(), before));
  print(command, summary(entry), ({ id }) => `added rule ${id}`);
}

async function list(options: OwnerOptions, command: Command): Promise<void> {
  const { profile, device } = options;
  const everything = profile === undefined && device === undefined;
  const entries = await withRules((rules) => rules.list(everything ? undefined : { profile, device }));
  print(command, entries.map(summary), () =>
    entries.length === 0
      ? 'there are no rules in the database'
      : table(
          ['FOR', 'PERMISSION', 'ACTION', 'FILTER', 'ONLY', 'ID'],
          entries.map((one) => [
            ...[ownerText(one), one.permission, one.action, one.filter, conditions(one), one.id],
          ]),
        ),
  );
}

async function remove(id: string, _options: object, command: Command): Promise<void> {
  const { permission, action, filter } = await withRules((rules) => rules.remove(id, commandActor()));
  print(command, { removed: id }, () => `removed rule ${id} (${permission} ${action} ${filter})`);
}

function ownerText({ profileId, deviceId, ownerName }: RuleEntry): string {
  if (deviceId !== undefined) return `device ${ownerName ?? deviceId}`;
  return profileId === undefined ? 'everybody' : `profile ${ownerName ?? profileId}`;
}

function conditions({ qos, retain }: RuleEntry): string {
  const parts = [qos && `qos ${qos.join(',')}`, retain === undefined ? undefined : `retain ${retain}`];
  return parts.filter((part) => part !== undefined).join(' ');
}

function summary({ createdTime, ...entry }: RuleEntry) {
  return { ...entry, created: new Date(createdTime).toISOString() };
}

async function withRules<Result>(run: (rules: RuleService) => Promise<Result>): Promise<Result> {
  const { database, rulesFile } = loadConfig();
  const fromFile = rulesFile === undefined ? [] : await readRulesFile(rulesFile);
  await migrate(database);
  return withDatabase(database, (prisma) => run(new RuleService(new RuleRepository(prisma), () => fromFile)));
}
