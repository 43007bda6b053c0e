import { existsSync } from 'node:fs';
import type { Config } from '../../../config/config.ts';
import type { DatabaseLocation } from '../../../storage/connections/database-url.ts';
import { type PrismaClient, withDatabase } from '../../../storage/connections/prisma.ts';
import { findUnusablePatterns } from '../../../storage/repositories/profiles/chain-profiles.ts';
import { type Check, type Finding, problem } from '../finding.ts';

/** Profiles that should let devices in by certificate, and cannot find their names. */
export const checkPatterns: Check = {
  name: 'patterns',
  looks: 'the patterns of profiles, which cut devices’ names out of certificates, can be used',
  needsConfig: true,
  run: ({ config }) => (config === undefined ? [] : look(config)),
};

async function look({ database, thingsboard }: Config): Promise<Finding[]> {
  const own = await findingsIn(
    database,
    '',
    'write the pattern without it (PUT /api/v1/profiles/{profile}), or let another profile take its devices',
  );
  if (thingsboard === undefined) return own;
  const theirs = await findingsIn(
    thingsboard.location,
    ' of ThingsBoard',
    'write the pattern in ThingsBoard without it: both understand it then',
  );
  return [...own, ...theirs];
}

/** Nothing of a database that is away or of another version: other checks tell that. */
async function findingsIn(location: DatabaseLocation, whose: string, mend: string): Promise<Finding[]> {
  if (location.kind === 'sqlite' && !existsSync(location.file)) return [];
  const read = (prisma: PrismaClient) => findUnusablePatterns(prisma).catch(() => []);
  const found = await withDatabase(location, read, { readOnly: true });
  return found.map(({ profile, problem: why }) =>
    problem(`profile ${profile}${whose} lets no device in by its certificate: of its pattern, ${why}`, mend),
  );
}
