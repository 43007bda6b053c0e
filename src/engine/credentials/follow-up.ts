import type { FollowUp } from '../../model/decision.ts';
import type { CredentialsRecord, StoredSecret } from './credentials-record.ts';

/**
 * What a good login leads to, if to anything: it may be the first use that ends an older credential or secret, and it brings
 * a password that may be kept in a better form from now on.
 * @param secret the one that matched. @param outdated whether the password is kept as it no longer should be.
 */
export function followUpOf(
  { rowId, endsOthers = false, secrets }: CredentialsRecord,
  secret: StoredSecret | undefined,
  outdated: boolean,
): FollowUp | undefined {
  if (rowId === undefined) return undefined;
  const ends =
    endsOthers ||
    (secret !== undefined && secrets.some(({ endsOnFirstUseOf }) => endsOnFirstUseOf === secret.id));
  return ends || outdated ? { rowId, secretId: secret?.id, ends, outdated } : undefined;
}
