import type { CredentialsRecord, CredentialsStore } from '../credentials/record.ts';
import { type CredentialsReader, isOutage } from './credentials-reader.ts';

interface Waiting {
  readonly ids: readonly string[];
  readonly resolve: (found: ReadonlyMap<string, CredentialsRecord>) => void;
  readonly reject: (error: unknown) => void;
}

/** So many ids go into one query at the most; what is over goes into the next one. */
const LARGEST_BATCH = 512;

/**
 * Puts all lookups of one turn of the event loop into one query: a join per batch instead of per connect. A batch that
 * fails over what it holds is asked again one lookup at a time, so that one bad key cannot refuse its neighbours.
 */
export function batchCredentials(reader: CredentialsReader): CredentialsStore {
  let waiting: Waiting[] = [];

  function flush(): void {
    const turn = waiting;
    waiting = [];
    let batch: Waiting[] = [];
    let size = 0;
    for (const one of turn) {
      batch.push(one);
      size += one.ids.length;
      if (size >= LARGEST_BATCH) {
        void answer(batch);
        batch = [];
        size = 0;
      }
    }
    if (batch.length > 0) void answer(batch);
  }

  async function answer(batch: readonly Waiting[]): Promise<void> {
    try {
      const found = await reader.read(batch.length === 1 ? (batch[0] as Waiting).ids : idsOf(batch));
      for (const one of batch) one.resolve(found);
    } catch (error) {
      if (batch.length === 1 || isOutage(error)) {
        for (const one of batch) one.reject(error);
        return;
      }
      await Promise.all(batch.map((one) => answer([one])));
    }
  }

  return {
    findByCredentialsIds(ids) {
      return new Promise((resolve, reject) => {
        // setImmediate runs after this turn's requests have been read, so all of them are in the batch.
        if (waiting.length === 0) setImmediate(flush);
        waiting.push({ ids, resolve, reject });
      });
    },
  };
}

function idsOf(batch: readonly Waiting[]): string[] {
  const ids = new Set<string>();
  for (const one of batch) for (const id of one.ids) ids.add(id);
  return [...ids];
}
