import { databaseNow } from '../../../storage/connections/database-now.ts';
import { migrationNames } from '../../../storage/migrations/files.ts';
import { advice, type Check, type Finding, problem } from '../finding.ts';

/** Dates of certificates are often set some minutes back; more than this between two machines is no network. */
const MOST_APART_MS = 2_000;

const MEND = 'switch on time synchronization (timedatectl set-ntp true), on both machines';

/** Dates of certificates, of rotated credentials and of sessions are compared with this machine's clock. */
export const checkClock: Check = {
  name: 'clock',
  looks: 'this machine’s clock is right, as far as can be told',
  needsConfig: true,
  async run({ config, now }) {
    if (config === undefined) return [];
    const findings: Finding[] = [];
    const made = madeAt();
    if (now < made) {
      const detail = `the clock says ${new Date(now).toISOString()}, which is before this version was made`;
      findings.push(problem(detail, MEND));
    }
    if (config.database.kind === 'postgresql') {
      const before = Date.now();
      // Whether it can be reached is another check's to tell.
      const theirs = await databaseNow(config.database).catch(() => undefined);
      const ours = before + (Date.now() - before) / 2;
      if (theirs !== undefined && Math.abs(theirs - ours) > MOST_APART_MS) {
        const seconds = Math.round(Math.abs(theirs - ours) / 1_000);
        findings.push(advice(`the database server’s clock and this one are ${seconds} s apart`, MEND));
      }
    }
    return findings;
  },
};

/** No clock that is right can stand before the day on which the newest migration was written, which is in its name. */
function madeAt(): number {
  const [, year, month, day] = /^(\d{4})(\d\d)(\d\d)/.exec(migrationNames('sqlite').at(-1) ?? '') ?? [];
  return Date.UTC(Number(year), Number(month) - 1, Number(day));
}
