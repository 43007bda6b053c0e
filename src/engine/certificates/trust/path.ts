import { isThingPassError } from '../../../model/errors.ts';
import { checkChain } from '../x509/chain.ts';
import { type InspectedCertificate, inspectCertificate } from '../x509/inspect.ts';
import { formatName, nameKey } from '../x509/name.ts';
import type { Authorities } from './authorities.ts';

export type PathVerdict =
  /** The path, leaf first, trusted authority last. */
  | { readonly trusted: true; readonly path: readonly InspectedCertificate[] }
  | { readonly trusted: false; readonly detail: string };

export interface PathRules {
  /** Epoch milliseconds. */
  readonly now: number;
  readonly skipDates: boolean;
}

/** Limit for the search: a hostile chain in which all names are the same could be combined in any order. */
const MAX_STEPS = 64;
/** Limit for the paths whose signatures are verified, which is the most expensive part. */
const MAX_PATHS = 8;

/**
 * Searches a valid path to a configured authority (RFC 5280 section 6.1), through the certificates that the client
 * sent and the configured authorities. If there are several paths, as with cross-signed authorities, one valid path
 * is enough.
 * @param sent DER of the certificates that the client sent after the leaf.
 * @returns a verdict; an unreadable certificate is untrusted. Never throws.
 */
export async function findPath(
  leaf: Uint8Array,
  sent: readonly Uint8Array[],
  authorities: Authorities,
  rules: PathRules,
): Promise<PathVerdict> {
  const certificates = inspectAll([leaf, ...sent]);
  const [first, ...others] = certificates ?? [];
  if (first === undefined) return { trusted: false, detail: 'the certificate cannot be read' };
  let detail: string | undefined;
  let paths = 0;
  for (const path of pathsFrom(first, others, authorities)) {
    const fault = await faultOf(path, rules);
    if (fault === undefined) return { trusted: true, path };
    detail ??= fault;
    if (++paths === MAX_PATHS) break;
  }
  return { trusted: false, detail: detail ?? missingIssuer(first, others) };
}

function inspectAll(ders: readonly Uint8Array[]): InspectedCertificate[] | undefined {
  try {
    return ders.map((der) => inspectCertificate(der));
  } catch (error) {
    if (isThingPassError(error, 'certificate_unreadable')) return undefined;
    throw error;
  }
}

/**
 * Yields every path from the leaf to an anchor, by names only; configured authorities come before those that the
 * client sent.
 */
function* pathsFrom(
  leaf: InspectedCertificate,
  sent: readonly InspectedCertificate[],
  { byName, isAnchor }: Authorities,
): Generator<readonly InspectedCertificate[]> {
  let steps = 0;
  function* extend(path: readonly InspectedCertificate[]): Generator<readonly InspectedCertificate[]> {
    const key = nameKey((path.at(-1) as InspectedCertificate).issuer);
    const configured = byName.get(key) ?? [];
    const fromClient = sent.filter(
      (one) => nameKey(one.subject) === key && configured.every(({ sha256 }) => sha256 !== one.sha256),
    );
    for (const issuer of [...configured, ...fromClient]) {
      if (path.some(({ sha256 }) => sha256 === issuer.sha256)) continue;
      if (++steps > MAX_STEPS) return;
      const longer = [...path, issuer];
      if (isAnchor(issuer)) yield longer;
      else yield* extend(longer);
    }
  }
  yield* extend([leaf]);
}

async function faultOf(
  path: readonly InspectedCertificate[],
  { now, skipDates }: PathRules,
): Promise<string | undefined> {
  const known = new Map(path.map((one) => [one.der, one]));
  const [leaf, ...above] = path.map(({ der }) => der) as [Uint8Array, ...Uint8Array[]];
  const inspect = (der: Uint8Array): InspectedCertificate => known.get(der) ?? inspectCertificate(der);
  const verdict = checkChain(leaf, above, { now, skipDates, inspect });
  if (!verdict.valid) {
    const at = path[verdict.at] as InspectedCertificate;
    return `${verdict.reason} (${formatName(at.subject)})`;
  }
  if (!path.slice(1).some(isConstraining)) return undefined;
  const { constraintFault } = await import('./constraints.ts');
  return constraintFault(path, now);
}

/** Name constraints, policy constraints and mappings (RFC 5280 sections 4.2.1.5, 4.2.1.10, 4.2.1.11 and 4.2.1.14). */
const CONSTRAINTS: ReadonlySet<string> = new Set(['2.5.29.30', '2.5.29.33', '2.5.29.36', '2.5.29.54']);

function isConstraining({ extensionIds }: InspectedCertificate): boolean {
  return extensionIds.some((oid) => CONSTRAINTS.has(oid));
}

/** Names the issuer that was not found: usually an intermediate authority that was neither sent nor configured. */
function missingIssuer(leaf: InspectedCertificate, sent: readonly InspectedCertificate[]): string {
  let top = leaf;
  for (;;) {
    const above = sent.find(
      (one) => one.sha256 !== top.sha256 && nameKey(one.subject) === nameKey(top.issuer),
    );
    if (above === undefined || nameKey(above.subject) === nameKey(above.issuer)) break;
    if (sent.indexOf(above) < sent.indexOf(top)) break;
    top = above;
  }
  return `its issuer ${formatName(top.issuer)} is not a configured authority`;
}
