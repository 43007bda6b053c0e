/**
 * The licence report: `npm run licences`. Prints which licences the packages have that ThingPass is shipped with, and ends
 * with 1 when one of them is not known to go with Apache-2.0. It reads the lock file, so it needs no network.
 */
import { readFileSync } from 'node:fs';

interface LockedPackage {
  readonly version?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly devOptional?: boolean;
}

const FREE_TO_SHIP = new Set([
  'Apache-2.0',
  'MIT',
  'MIT-0',
  'ISC',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'Unlicense',
  'Python-2.0',
]);

/** Packages by licence, out of the text of a package-lock.json; those for development only are left out. */
export function licencesOf(lockFile: string): Map<string, string[]> {
  const { packages } = JSON.parse(lockFile) as { packages: Record<string, LockedPackage> };
  const byLicence = new Map<string, string[]>();
  for (const [path, { version, license, dev, devOptional }] of Object.entries(packages)) {
    if (path === '' || dev || devOptional) continue;
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    const licence = license ?? 'unknown';
    byLicence.set(licence, [...(byLicence.get(licence) ?? []), `${name} ${version}`]);
  }
  return byLicence;
}

/** True when a licence expression offers one that may be shipped with Apache-2.0 code. */
export function mayBeShipped(expression: string): boolean {
  return expression
    .replace(/[()]/g, '')
    .split(' OR ')
    .some((choice) => choice.split(' AND ').every((licence) => FREE_TO_SHIP.has(licence)));
}

if (import.meta.filename === process.argv[1]) {
  const byLicence = licencesOf(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8'));
  for (const [licence, names] of [...byLicence].sort(([, one], [, other]) => other.length - one.length)) {
    const verdict = mayBeShipped(licence) ? '' : '  NOT KNOWN TO BE FREE TO SHIP';
    console.log(`${licence} (${names.length})${verdict}\n  ${names.sort().join(', ')}`);
    if (verdict) process.exitCode = 1;
  }
}
