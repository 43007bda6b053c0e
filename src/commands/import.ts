import { randomUUID } from 'node:crypto';
import { createReadStream, statSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { createKeepPassword } from '../engine/secrets/keep-password.ts';
import { createSecretSchemes } from '../engine/secrets/secret-schemes.ts';
import type { ImportItem } from '../fleet/devices/import/import-item.ts';
import {
  type Counts,
  isNoteworthy,
  type LineReport,
  type Reporter,
} from '../fleet/devices/import/import-report.ts';
import { importQueue, PASSWORD_KINDS, type PasswordKind } from '../fleet/devices/import/keep-secret.ts';
import { IMPORT_FORMATS, type ImportFormat, readImport } from '../fleet/devices/import/read-import.ts';
import { runImport } from '../fleet/devices/import/run-import.ts';
import { RuleService } from '../fleet/devices/rule-service.ts';
import { ThingPassError } from '../model/errors.ts';
import { readRulesFile } from '../server/read-rules-file.ts';
import { parseThingsBoardUrl } from '../storage/connections/database-url.ts';
import { withDatabase } from '../storage/connections/prisma.ts';
import { migrate } from '../storage/migrations/apply.ts';
import { ImportRepository } from '../storage/repositories/import/import-repository.ts';
import { RuleRepository } from '../storage/repositories/rule-repository.ts';
import { withThingsBoardDevices } from '../storage/thingsboard/read-devices.ts';
import { isUuid } from '../util/uuid.ts';
import { commandActor, example, loadConfig, print } from './shared/command.ts';
import { addFormatOptions, type FormatOptions, readFormatOptions } from './shared/import-options.ts';
import { lineText, summaryText } from './shared/import-text.ts';
import { createProgress } from './shared/progress.ts';

const THINGSBOARD = 'thingsboard';

/** `thingpass import …`. */
export function addImport(program: Command): void {
  example(
    addFormatOptions(
      program
        .command('import')
        .addArgument(
          program.createArgument('<format>', 'what it is').choices([...IMPORT_FORMATS, THINGSBOARD]),
        )
        .argument('<source>', 'a file, - for standard input, or the URL of ThingsBoard’s database')
        .description('bring in devices or rules; what is there already stays, and running it again is safe')
        .option('--dry-run', 'say line by line what would happen, and write nothing')
        .option('--profile <name>', 'device profile of new devices whose line names none', 'default')
        .addOption(
          new Option(
            '--passwords <kind>',
            'plain passwords were chosen by people (slow hash), get a fast hash provisionally or stay plain until the first login, or are random (fast hash where long enough)',
          )
            .choices(PASSWORD_KINDS)
            .default('chosen'),
        )
        .option('--force', 'mosquitto-acl: store the good lines of a file with bad ones')
        .option('--tenant <id>', 'thingsboard: the tenant, where there are several', readUuid),
    ).action(run),
    'thingpass import csv devices.csv --dry-run',
    'thingpass import emqx-csv users.csv --algorithm sha256 --salt-position suffix',
    'thingpass import mosquitto-passwords /etc/mosquitto/passwd --profile meters',
    'thingpass import mosquitto-acl /etc/mosquitto/acl',
    'thingpass import thingsboard - < url-of-the-database.txt',
  );
}

interface ImportCommandOptions extends FormatOptions {
  readonly dryRun?: boolean;
  readonly profile: string;
  readonly passwords: PasswordKind;
  readonly force?: boolean;
  readonly tenant?: string;
}

type Format = ImportFormat | typeof THINGSBOARD;

/** How much of the source was read: bytes, or devices of a database. */
interface Source {
  readonly items: AsyncIterable<ImportItem>;
  readonly share: (records: number) => number | undefined;
}

async function run(
  format: Format,
  source: string,
  options: ImportCommandOptions,
  command: Command,
): Promise<void> {
  const begun = performance.now();
  const { json } = command.optsWithGlobals<{ json?: boolean }>();
  const lines: LineReport[] = [];
  const progress = createProgress(process.stderr, (line) => process.stdout.write(`${line}\n`));
  let share: Source['share'] = () => undefined;
  let records = 0;
  const report: Reporter = (line) => {
    records++;
    if (isNoteworthy(line, options.dryRun ?? false)) {
      if (json) lines.push(line);
      else progress.line(lineText(line, format === THINGSBOARD ? 'device' : 'line', options.dryRun));
    }
    progress.update(`${records} records`, share(records));
  };
  let counts: Counts;
  try {
    counts = await withSource(format, source, options, (opened) => {
      share = opened.share;
      return importItems(format, opened.items, options, report);
    });
  } finally {
    progress.end();
  }
  const summary = {
    dryRun: options.dryRun ?? false,
    ...counts,
    seconds: Math.round((performance.now() - begun) / 10) / 100,
    // In KiB on every system.
    peakMemoryMiB: Math.round(process.resourceUsage().maxRSS / 1024),
  };
  print(command, { ...summary, lines }, () => summaryText(summary));
  if (counts.refused > 0) process.exitCode = 1;
}

async function importItems(
  format: Format,
  items: AsyncIterable<ImportItem>,
  options: ImportCommandOptions,
  report: Reporter,
): Promise<Counts> {
  const { database, rulesFile, credentialLifecycle } = loadConfig();
  const { dryRun = false, force = false, profile: defaultProfile, passwords } = options;
  const { oneCredentialPerDevice: oneCredential } = credentialLifecycle;
  const { chosen, scramIterations } = credentialLifecycle.passwords;
  const fromFile = rulesFile === undefined ? [] : await readRulesFile(rulesFile);
  await migrate(database);
  const actor = commandActor();
  const secrets = createSecretSchemes({ queue: importQueue(), chosen });
  try {
    return await withDatabase(database, (prisma) =>
      runImport(
        items,
        {
          store: new ImportRepository(prisma, database.kind, actor),
          rules: new RuleService(new RuleRepository(prisma), () => fromFile),
          schemes: secrets.schemes,
          keepPassword: createKeepPassword(secrets, scramIterations),
          report,
        },
        { importId: randomUUID(), format, dryRun, force, defaultProfile, passwords, oneCredential, actor },
      ),
    );
  } finally {
    await secrets.close();
  }
}

async function withSource(
  format: Format,
  source: string,
  options: ImportCommandOptions,
  use: (source: Source) => Promise<Counts>,
): Promise<Counts> {
  if (format === THINGSBOARD) {
    const url = source === '-' ? (await text(process.stdin)).trim() : source;
    return withThingsBoardDevices(readUrl(url), options.tenant, ({ items, total }) =>
      use({ items, share: (records) => (total === 0 ? undefined : Math.min(1, records / total)) }),
    );
  }
  const formatOptions = readFormatOptions(options);
  if (source === '-') {
    return use({ items: readImport(format, process.stdin, formatOptions), share: () => undefined });
  }
  try {
    const { size } = statSync(source);
    let done = 0;
    const chunks = inChunks(source, (bytes) => {
      done += bytes;
    });
    const share = () => (size === 0 ? undefined : Math.min(1, done / size));
    return await use({ items: readImport(format, chunks, formatOptions), share });
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (syscall === undefined) throw error;
    throw new ThingPassError('command_failed', `${source} cannot be read (${code})`);
  }
}

/** Small enough for a bar to move. */
const CHUNK = 16 * 1024;

/** @param done is told the length of each chunk once its records have been taken. */
async function* inChunks(file: string, done: (bytes: number) => void): AsyncGenerator<Buffer> {
  for await (const chunk of createReadStream(file, { highWaterMark: CHUNK }) as AsyncIterable<Buffer>) {
    yield chunk;
    done(chunk.length);
  }
}

function readUrl(url: string) {
  try {
    return parseThingsBoardUrl(url);
  } catch {
    throw new ThingPassError(
      'command_failed',
      'the source must be the URL of ThingsBoard’s database: postgresql://…',
    );
  }
}

function readUuid(value: string): string {
  if (isUuid(value)) return value;
  throw new InvalidArgumentError('a UUID');
}
