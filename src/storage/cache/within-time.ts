import type { CredentialsStore } from '../../engine/credentials/credentials-record.ts';
import { ThingPassError } from '../../model/errors.ts';

/** A store that answers or fails within the time; what comes later is not waited for. */
export function withinTime(store: CredentialsStore, ms: number): CredentialsStore {
  return {
    findByCredentialsIds(ids) {
      return new Promise((resolve, reject) => {
        const timer = setTimeout(
          () => reject(new ThingPassError('storage_timeout', `the database did not answer within ${ms} ms`)),
          ms,
        );
        Promise.resolve(store.findByCredentialsIds(ids))
          .then(resolve, reject)
          .finally(() => clearTimeout(timer));
      });
    },
  };
}
