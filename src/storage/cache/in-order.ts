import type { CredentialsRecord, CredentialsStore } from '../../credentials/record.ts';

type Found = ReadonlyMap<string, CredentialsRecord>;

/**
 * Several stores as one: an id belongs to the first that has it, and the next is asked for the rest only. Answers at once
 * where all that are asked do.
 * @throws what any store that has to be asked throws: without it nobody knows whose the id is.
 */
export function inOrder(stores: readonly CredentialsStore[]): CredentialsStore {
  function search(at: number, ids: readonly string[], before: Found): Found | Promise<Found> {
    const store = stores[at];
    if (store === undefined || ids.length === 0) return before;
    const found = store.findByCredentialsIds(ids);
    return found instanceof Promise
      ? found.then((landed) => next(at, ids, before, landed))
      : next(at, ids, before, found);
  }

  function next(at: number, ids: readonly string[], before: Found, found: Found): Found | Promise<Found> {
    const all = before.size === 0 ? found : found.size === 0 ? before : new Map([...before, ...found]);
    const rest = found.size === 0 ? ids : ids.filter((id) => !found.has(id));
    return search(at + 1, rest, all);
  }

  return { findByCredentialsIds: (ids) => search(0, ids, NOTHING) };
}

const NOTHING: Found = new Map();
