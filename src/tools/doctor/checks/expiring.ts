import { existsSync } from 'node:fs';
import type { Config } from '../../../config/config.ts';
import { byEnd, type Expiring } from '../../../fleet/devices/expiry/expiring.ts';
import { type PrismaClient, withDatabase } from '../../../storage/connections/prisma.ts';
import { missingMigrations } from '../../../storage/migrations/apply.ts';
import { CaBundleRepository } from '../../../storage/repositories/ca-bundle-repository.ts';
import { ExpiryRepository } from '../../../storage/repositories/credentials/expiry-repository.ts';
import { advice, type Check, type Finding, problem } from '../finding.ts';
import { AUTHORITY_NOTICE_MS, DAY_MS, dayOf } from './days.ts';

const NOTICE_DAYS = 30;
/** Enough to say that there are many. */
const MOST = 1_000;

/** What runs out in the database: devices' certificates, tokens and passwords, and the authorities that bundles hand out. */
export const checkExpiring: Check = {
  name: 'expiring',
  looks: 'what devices prove themselves with, and the authorities in CA bundles, are in date',
  needsConfig: true,
  run: ({ config, now }) => (config === undefined ? [] : look(config, now)),
};

async function look({ database, skipCertificateDates }: Config, now: number): Promise<Finding[]> {
  // A database that is away, or of another version, is another check's to tell.
  if (database.kind === 'sqlite' && !existsSync(database.file)) return [];
  const missing = await missingMigrations(database).catch(() => undefined);
  if (missing === undefined || missing.length > 0) return [];
  const read = async (prisma: PrismaClient): Promise<Finding[]> => {
    const store = new ExpiryRepository(prisma);
    const soon = now + NOTICE_DAYS * DAY_MS;
    const [over, ending] = await Promise.all([
      store.expiring({ from: 0, until: now, limit: MOST }),
      store.expiring({ from: now, until: soon, limit: MOST }),
    ]);
    const counts = ({ kind, replaced }: Expiring) =>
      !replaced && !(kind === 'certificate' && skipCertificateDates);
    return [
      ...summarize(over.filter(counts), 'ended'),
      ...summarize(ending.filter(counts), 'end'),
      ...(await bundled(new CaBundleRepository(prisma), now)),
    ];
  };
  return withDatabase(database, read, { readOnly: true });
}

/** One finding for each kind: a fleet's certificates tend to end on the same day. */
function summarize(all: readonly Expiring[], verb: 'ended' | 'end'): Finding[] {
  const certificates = all.filter(({ kind }) => kind === 'certificate');
  const others = all.filter(({ kind }) => kind !== 'certificate');
  return [
    ...told(
      'certificates',
      certificates,
      verb,
      'give those devices their next ones (thingpass credentials rotate)',
    ),
    ...told('tokens and passwords', others, verb, 'rotate them (thingpass credentials rotate)'),
  ];
}

function told(what: string, all: readonly Expiring[], verb: 'ended' | 'end', how: string): Finding[] {
  const [first] = [...all].sort(byEnd);
  if (first === undefined) return [];
  const count = all.length < MOST ? all.length : `${MOST} or more`;
  const whose = `first ${first.device?.name}’s, on ${dayOf(first.endsAt)}`;
  if (verb === 'ended') {
    return [
      advice(`${what} of devices that have ended, with nothing in their place: ${count}, ${whose}`, how),
    ];
  }
  const mend = `${how}; thingpass expiring --within ${NOTICE_DAYS}d lists them`;
  return [advice(`${what} of devices that end within ${NOTICE_DAYS} days: ${count}, ${whose}`, mend)];
}

async function bundled(bundles: CaBundleRepository, now: number): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const name of await bundles.names()) {
    for (const { subject, notAfter, sha256 } of await bundles.certificates(name)) {
      const which = `the authority ${subject} in the CA bundle ${name}`;
      if (notAfter <= now) {
        const mend = `thingpass ca-bundle retire ${name} ${sha256}: nodes keep their old file as long as it is in`;
        findings.push(problem(`${which} expired on ${dayOf(notAfter)}`, mend));
      } else if (notAfter - now < AUTHORITY_NOTICE_MS) {
        const mend = `add the next one to the bundle: thingpass ca-bundle add ${name} <file>`;
        findings.push(advice(`${which} expires on ${dayOf(notAfter)}`, mend));
      }
    }
  }
  return findings;
}
