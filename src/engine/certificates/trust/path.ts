import { CertificateUnreadable } from '../text/fault.ts';
import { checkChain } from '../x509/chain.ts';
import { type InspectedCertificate, inspectCertificate } from '../x509/inspect.ts';
import { formatName, nameKey } from '../x509/name.ts';
import type { Authorities } from './authorities.ts';

export type PathVerdict =
  /** Leaf first, the authority that ends the path last. */
  | { readonly trusted: true; readonly path: readonly InspectedCertificate[] }
  | { readonly trusted: false; readonly detail: string };

export interface PathRules {
  /** Epoch milliseconds. */
  readonly now: number;
  readonly skipDates: boolean;
}

/** With a common name for everything, a hostile chain could be put together in any order: so many steps are tried. */
const MOST_STEPS = 64;
/** Signatures cost most. */
const MOST_PATHS = 8;

/**
 * Whether a certificate leads to a configured authority (RFC 5280 section 6.1), over what was sent with it and over the
 * configured authorities themselves. Where several ways lead there, as with cross-signed authorities, one that holds is enough.
 * @throws nothing: what cannot be read is not trusted.
 */
export async function findPath(
  leaf: Uint8Array,
  sent: readonly Uint8Array[],
  authorities: Authorities,
  rules: PathRules,
): Promise<PathVerdict> {
  const certificates = inspectAll([leaf, ...sent]);
  const [first, ...others] = certificates ?? [];
  if (first === undefined) return { trusted: false, detail: 'it cannot be read' };
  let detail: string | undefined;
  let paths = 0;
  for (const path of pathsFrom(first, others, authorities)) {
    const fault = await faultOf(path, rules);
    if (fault === undefined) return { trusted: true, path };
    detail ??= fault;
    if (++paths === MOST_PATHS) break;
  }
  return { trusted: false, detail: detail ?? missing(first, others) };
}

function inspectAll(ders: readonly Uint8Array[]): InspectedCertificate[] | undefined {
  try {
    return ders.map((der) => inspectCertificate(der));
  } catch (error) {
    if (error instanceof CertificateUnreadable) return undefined;
    throw error;
  }
}

/** Every way from the leaf to an authority that ends one, by names alone, configured authorities before those that were sent. */
function* pathsFrom(
  leaf: InspectedCertificate,
  sent: readonly InspectedCertificate[],
  { byName, isAnchor }: Authorities,
): Generator<readonly InspectedCertificate[]> {
  let steps = 0;
  function* extend(path: readonly InspectedCertificate[]): Generator<readonly InspectedCertificate[]> {
    const key = nameKey((path.at(-1) as InspectedCertificate).issuer);
    const configured = byName.get(key) ?? [];
    const brought = sent.filter(
      (one) => nameKey(one.subject) === key && configured.every(({ sha256 }) => sha256 !== one.sha256),
    );
    for (const issuer of [...configured, ...brought]) {
      if (path.some(({ sha256 }) => sha256 === issuer.sha256)) continue;
      if (++steps > MOST_STEPS) return;
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
  if (!verdict.holds) {
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

/** Names the issuer that is nowhere: most often an intermediate authority that neither came along nor is configured. */
function missing(leaf: InspectedCertificate, sent: readonly InspectedCertificate[]): string {
  let top = leaf;
  for (;;) {
    const above = sent.find(
      (one) => one.sha256 !== top.sha256 && nameKey(one.subject) === nameKey(top.issuer),
    );
    if (above === undefined || nameKey(above.subject) === nameKey(above.issuer)) break;
    if (sent.indexOf(above) < sent.indexOf(top)) break;
    top = above;
  }
  return `no configured authority is its issuer ${formatName(top.issuer)}`;
}
