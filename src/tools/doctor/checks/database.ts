import { accessSync, constants, existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { isThingPassError } from '../../../model/errors.ts';
import type { DatabaseLocation } from '../../../storage/connections/database-url.ts';
import { missingMigrations } from '../../../storage/migrations/apply.ts';
import { advice, type Check, type Finding, problem } from '../finding.ts';

/** Whether the database is there, can be written to, and is of this version. */
export const checkDatabase: Check = {
  name: 'database',
  looks: 'the database answers, and has all migrations',
  needsConfig: true,
  run: ({ config }) => (config === undefined ? [] : look(config.database)),
};

async function look(location: DatabaseLocation): Promise<readonly Finding[]> {
  if (location.kind === 'sqlite') {
    const obstacle = obstacleTo(location.file);
    if (obstacle !== undefined) return [obstacle];
  }
  let missing: readonly string[];
  try {
    missing = await missingMigrations(location);
  } catch (error) {
    return [whyNot(error as NodeJS.ErrnoException, location)];
  }
  if (missing.length === 0) return [];
  const detail = `migrations are missing: ${missing.join(', ')}`;
  return [problem(detail, 'run thingpass migrate, or start the server, which does it too')];
}

/** What can be told without opening the file, which would make one. */
function obstacleTo(file: string): Finding | undefined {
  if (!existsSync(file)) {
    if (!existsSync(dirname(file)) || isWritable(dirname(file)))
      return advice(
        `there is no database yet at ${file}`,
        'start the server or run thingpass migrate: it is made then',
      );
    return problem(
      `${file} cannot be made: its folder is not writable`,
      `give the folder to the user who runs ThingPass`,
    );
  }
  if (!isWritable(file) || !isWritable(dirname(file)))
    return problem(
      `${file} or its folder is not writable, and SQLite needs both`,
      'give both to the user who runs ThingPass',
    );
  return undefined;
}

function whyNot(error: NodeJS.ErrnoException, location: DatabaseLocation): Finding {
  if (isThingPassError(error, 'database_unusable')) return problem(error.data.detail, error.data.wayOut);
  const { message, code } = error;
  if (location.kind === 'sqlite') {
    return problem(
      `the database cannot be read: ${message || code}`,
      `see whether ${location.file} is an SQLite file; restore a backup if not`,
    );
  }
  const { hostname, port } = new URL(location.url);
  const detail = `the database at ${hostname}:${port || 5432} cannot be asked: ${message || code}`;
  return problem(
    detail,
    'see whether the server runs and lets this user and machine in (pg_hba.conf), and DATABASE_URL',
  );
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
