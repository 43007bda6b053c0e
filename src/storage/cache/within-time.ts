import type { CredentialsStore } from '../../engine/credentials/credentials-record.ts';
import { ThingPassError } from '../../model/errors.ts';
import { waitAtMost } from '../../util/wait-at-most.ts';

/** A store that answers or fails within the time; what comes later is not waited for. */
export function withinTime(store: CredentialsStore, ms: number): CredentialsStore {
  const late = (): never => {
    throw new ThingPassError('storage_timeout', `the database did not answer within ${ms} ms`);
  };
  return {
    findByCredentialsIds: (ids) => waitAtMost(Promise.resolve(store.findByCredentialsIds(ids)), ms, late),
  };
}
