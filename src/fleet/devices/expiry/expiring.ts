import type { CredentialsType } from '../../../model/device.ts';

/** Something that a device proves itself with, or is believed by, and that ends. */
export interface Expiring {
  /** `credentials`: by its window; `secret`: a password; `certificate`: by its own dates. */
  readonly kind: 'credentials' | 'secret' | 'certificate' | 'authority';
  /** Of the credentials row or the secret; of an authority its SHA-256. */
  readonly id: string;
  /** Epoch milliseconds. */
  readonly endsAt: number;
  /** Something else of the device, or of the credential, holds longer, as during a rotation: nobody will be locked out. */
  readonly replaced: boolean;
  readonly credentialsType?: CredentialsType | undefined;
  readonly device?: { readonly id: string; readonly name: string } | undefined;
  /** Of an X.509 credential: SHA-256 of the certificate's DER, hex. */
  readonly certificateSha256?: string | undefined;
  /** Of an authority. */
  readonly subject?: string | undefined;
  /** Of an authority: where it is relied on, see {@link WatchedAuthority}. */
  readonly usedBy?: readonly string[] | undefined;
}

export interface ExpiringQuery {
  /** Epoch milliseconds; what ended before is left out. */
  readonly from: number;
  readonly until: number;
  /** The last of the page before. */
  readonly after?: Pick<Expiring, 'endsAt' | 'id'> | undefined;
  readonly limit: number;
}

/** What runs out, as the storage knows it: by end, then id. */
export interface ExpiryStore {
  expiring(query: ExpiringQuery): Promise<Expiring[]>;
  /** Authorities in CA bundles, and those that certificate profiles admit devices by. */
  authorities(): Promise<WatchedAuthority[]>;
  /** Reads the ends of certificates that were saved by other means than ours, or by an older version. @returns how many. */
  recordMissingValidities(): Promise<number>;
}

/** An authority that somebody relies on, with the end of its certificate. */
export interface WatchedAuthority {
  readonly sha256: string;
  readonly subject: string;
  /** Epoch milliseconds. */
  readonly notAfter: number;
  /** `client_ca_file`, `ca_bundle:<name>` and `profile:<name>`. */
  readonly usedBy: readonly string[];
}

/**
 * Each authority once, with all places where it is relied on.
 * @param configured those of the file of client authorities.
 */
export async function watchedAuthorities(
  store: ExpiryStore,
  configured: readonly Omit<WatchedAuthority, 'usedBy'>[],
): Promise<WatchedAuthority[]> {
  const bySha256 = new Map<string, WatchedAuthority>();
  const own = configured.map((one) => ({ ...one, usedBy: ['client_ca_file'] }));
  for (const one of [...own, ...(await store.authorities())]) {
    const known = bySha256.get(one.sha256);
    const usedBy = [...new Set([...(known?.usedBy ?? []), ...one.usedBy])];
    bySha256.set(one.sha256, { ...(known ?? one), usedBy });
  }
  return [...bySha256.values()];
}

/**
 * A page of what runs out: devices' credentials, secrets and certificates, and authorities.
 * @param authorities all of them, see {@link watchedAuthorities}; they are few.
 */
export async function listExpiring(
  store: ExpiryStore,
  authorities: readonly WatchedAuthority[],
  query: ExpiringQuery,
): Promise<Expiring[]> {
  const { from, until, after, limit } = query;
  const own = authorities
    .map(
      ({ sha256: id, subject, notAfter: endsAt, usedBy }): Expiring => ({
        kind: 'authority',
        id,
        endsAt,
        subject,
        usedBy,
        replaced: false,
      }),
    )
    .filter(
      (one) => one.endsAt >= from && one.endsAt < until && (after === undefined || byEnd(one, after) > 0),
    );
  return [...own, ...(await store.expiring(query))].sort(byEnd).slice(0, limit);
}

/** By end, then id: the order of pages. */
export function byEnd(one: Pick<Expiring, 'endsAt' | 'id'>, other: Pick<Expiring, 'endsAt' | 'id'>): number {
  if (one.endsAt !== other.endsAt) return one.endsAt - other.endsAt;
  if (one.id === other.id) return 0;
  return one.id < other.id ? -1 : 1;
}
