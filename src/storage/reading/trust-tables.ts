import { TRUST_MODES, TRUST_RULES, type TrustPolicy } from '../../engine/certificates/trust/policy.ts';
import { compileDenyList, type DeniedValue, type DenyList } from '../../engine/credentials/deny-list.ts';
import type { DatabaseLocation } from '../connections/database-url.ts';
import { type CopyOptions, copyTable } from './copied-table.ts';
import type { Reading } from './read-on-change.ts';

type Parts = Pick<CopyOptions<never, never>, 'storage' | 'onError'>;

/** The deny list as it is now; `undefined` while it is empty. @throws when the database cannot be asked at the start. */
export function copyDenyList(
  location: DatabaseLocation,
  parts: Parts,
): Promise<Reading<DenyList | undefined>> {
  return copyTable<DeniedValue, DenyList | undefined>(location, {
    ...parts,
    table: 'deny_entry',
    select: 'SELECT kind, value FROM deny_entry',
    make: compileDenyList,
  });
}

type PolicyRow = { readonly profile_id: string } & Readonly<Record<keyof TrustPolicy, string | null>>;

export type ProfilePolicies = ReadonlyMap<string, Partial<TrustPolicy>>;

/** What profiles ask of certificates, by the profile's id. @throws when the database cannot be asked at the start. */
export function copyProfilePolicies(
  location: DatabaseLocation,
  parts: Parts,
): Promise<Reading<ProfilePolicies>> {
  return copyTable<PolicyRow, ProfilePolicies>(location, {
    ...parts,
    table: 'profile_trust',
    select: 'SELECT profile_id, path, usage, crl, ocsp FROM profile_trust',
    make: (rows) => new Map(rows.map((row) => [row.profile_id, readPolicy(row)])),
  });
}

/** A mode that is unknown here, of a later version, is the strictest: nobody is let in by a misunderstanding. */
export function readPolicy(row: Readonly<Record<keyof TrustPolicy, string | null>>): Partial<TrustPolicy> {
  const stated = TRUST_RULES.flatMap((rule) => {
    const text = row[rule];
    return text === null ? [] : [[rule, TRUST_MODES.find((mode) => mode === text) ?? 'require'] as const];
  });
  return Object.freeze(Object.fromEntries(stated));
}
