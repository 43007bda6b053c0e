import type { CredentialsRecord, CredentialsStore } from '../../engine/credentials/credentials-record.ts';
import { isThingPassError } from '../../model/errors.ts';
import { isOutage } from '../reading/credentials-reader.ts';

type Found = ReadonlyMap<string, CredentialsRecord>;

/**
 * Several stores as one: an id belongs to the first that has it, and the next is asked for the rest only. Answers at once
 * where all that are asked do.
 *
 * A store that cannot be asked leaves nothing to say, since nobody knows then whose the id is, with two exceptions so that no
 * device needs a database that knows nothing of it. Where an earlier store has found something, that stands: as in the cache
 * of one database, an id that cannot be asked for counts as absent next to one that leads to a device. And where the ids were
 * absent when the store could be asked last, a later store may have them; if none has, nothing can be said.
 * @throws what a store that has to be asked throws.
 */
export function inOrder(stores: readonly CredentialsStore[]): CredentialsStore {
  function search(at: number, ids: readonly string[], before: Found): Found | Promise<Found> {
    const store = stores[at];
    if (store === undefined || ids.length === 0) return before;
    const found = store.findByCredentialsIds(ids);
    if (!(found instanceof Promise)) return next(at, ids, before, found);
    return found.then(
      (landed) => next(at, ids, before, landed),
      (error) => withoutOne(at, ids, before, error),
    );
  }

  function next(at: number, ids: readonly string[], before: Found, found: Found): Found | Promise<Found> {
    const all = before.size === 0 ? found : found.size === 0 ? before : new Map([...before, ...found]);
    const rest = found.size === 0 ? ids : ids.filter((id) => !found.has(id));
    return search(at + 1, rest, all);
  }

  async function withoutOne(
    at: number,
    ids: readonly string[],
    before: Found,
    error: unknown,
  ): Promise<Found> {
    if (before.size > 0 && isOutage(error)) return before;
    if (!isThingPassError(error, 'known_absent')) throw error;
    const found = await search(at + 1, ids, before);
    if (found.size === 0) throw error;
    return found;
  }

  return { findByCredentialsIds: (ids) => search(0, ids, NOTHING) };
}

const NOTHING: Found = new Map();
