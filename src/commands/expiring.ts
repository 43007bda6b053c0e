import type { Command } from 'commander';
import { readAuthorities } from '../engine/certificates/trust/authorities.ts';
import { formatName } from '../engine/certificates/x509/name.ts';
import {
  type Expiring,
  listExpiring,
  type WatchedAuthority,
  watchedAuthorities,
} from '../fleet/devices/expiry/expiring.ts';
import { isThingPassError, ThingPassError } from '../model/errors.ts';
import { ExpiryRepository } from '../storage/repositories/credentials/expiry-repository.ts';
import { table } from '../util/table.ts';
import { example, print, withOwnDatabase } from './shared/command.ts';
import { readInput } from './shared/credentials-options.ts';
import { readDuration } from './shared/time-options.ts';

const PAGE = 1_000;

/** `thingpass expiring`. */
export function addExpiring(program: Command): void {
  example(
    program
      .command('expiring')
      .description('list what runs out: certificates, tokens, passwords and authorities')
      .option('--within <time>', 'how far ahead to look, such as 30d or 2w', '30d')
      .option('--all', 'what is being replaced, as in a rotation, too')
      .action(expiring),
    'thingpass expiring --within 30d',
  );
}

async function expiring(options: { within: string; all?: boolean }, command: Command): Promise<void> {
  const within = readDuration('--within', options.within);
  const found = await findExpiring(within);
  const shown = found.filter(({ replaced }) => options.all || !replaced).map(summary);
  print(command, shown, (entries) =>
    entries.length === 0
      ? `nothing runs out within ${options.within}`
      : table(
          ['ENDS', 'WHAT', 'TYPE', 'WHOSE', 'REPLACED'],
          entries.map((one) => [
            ...[one.ends, one.kind, one.credentialsType ?? '-', one.device?.name ?? one.subject ?? '-'],
            one.replaced ? 'yes' : 'no',
          ]),
        ),
  );
}

function findExpiring(withinMs: number): Promise<Expiring[]> {
  return withOwnDatabase(async (prisma, { trust }) => {
    const store = new ExpiryRepository(prisma);
    await store.recordMissingValidities();
    const authorities = await watchedAuthorities(store, configuredAuthorities(trust.authoritiesFile));
    const from = Date.now();
    const found: Expiring[] = [];
    for (;;) {
      const query = { from, until: from + withinMs, after: found.at(-1), limit: PAGE };
      const page = await listExpiring(store, authorities, query);
      found.push(...page);
      if (page.length < PAGE) return found;
    }
  });
}

/** @throws {ThingPassError} `command_failed` when the file cannot be used. */
function configuredAuthorities(file: string | undefined): Omit<WatchedAuthority, 'usedBy'>[] {
  if (file === undefined) return [];
  try {
    return readAuthorities(readInput(file)).all.map(({ sha256, subject, notAfter }) => ({
      sha256,
      subject: formatName(subject),
      notAfter,
    }));
  } catch (error) {
    if (isThingPassError(error, 'authorities_unusable'))
      throw new ThingPassError('command_failed', `${file}: ${error.message}`);
    throw error;
  }
}

function summary({ endsAt, ...rest }: Expiring) {
  return { ...rest, ends: new Date(endsAt).toISOString() };
}
