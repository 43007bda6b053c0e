import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Command, Option } from 'commander';
import { EXPORT_FORMATS, type ExportFormat, writeDevices } from '../fleet/devices/import/write-devices.ts';
import { ThingPassError } from '../model/errors.ts';
import { exportDevices } from '../storage/repositories/import/export-repository.ts';
import { example, withOwnDatabase } from './shared/command.ts';

/** `thingpass export …`. */
export function addExport(program: Command): void {
  example(
    program
      .command('export')
      .description('write all devices in a form that import reads back')
      .addOption(new Option('--format <format>', 'what to write').choices(EXPORT_FORMATS).default('csv'))
      .option('--secrets', 'with credentials: tokens, password hashes and keys; keep the file safe')
      .option('--output <file>', 'a new file that only you can read; standard output when not given')
      .action(run),
    'thingpass export',
    'thingpass export --format jsonl --secrets --output devices.jsonl',
  );
}

interface ExportOptions {
  readonly format: ExportFormat;
  readonly secrets?: boolean;
  readonly output?: string;
}

async function run({ format, secrets = false, output }: ExportOptions): Promise<void> {
  await withOwnDatabase(async (prisma) => {
    try {
      const text = Readable.from(writeDevices(format, exportDevices(prisma, { secrets }), { secrets }));
      if (output === undefined) await pipeline(text, process.stdout, { end: false });
      // Never into a file that is there: others might be able to read that one.
      else await pipeline(text, createWriteStream(output, { flags: 'wx', mode: 0o600 }));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EPIPE') return;
      if (output === undefined || code === undefined || !/^E[A-Z]+$/.test(code)) throw error;
      throw new ThingPassError('command_failed', `${output} cannot be written (${code})`);
    }
  });
}
