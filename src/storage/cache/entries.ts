import type { CredentialsRecord } from '../../credentials/record.ts';
import { BoundedMap } from './bounded-map.ts';

/** What is known of one credentials id, and until when it is believed without asking. Times are `performance.now()`. */
export interface Entry {
  /** `undefined`: there are no such credentials. */
  readonly record: CredentialsRecord | undefined;
  /** Believed only while this is the cache's generation: a gap in the news begins another one. */
  readonly generation: number;
  readonly expiresAt: number;
  readonly weight: number;
}

/** Believed in no generation: such an entry only speaks while nobody can be asked. */
const NEVER = -1;

/** Whether it stands for credentials of which the news said that they are gone. */
export function isTombstone(entry: Entry): boolean {
  return entry.record === undefined && entry.generation === NEVER;
}

/** Text of this length, beside what every record has, makes an ordinary record; certificates are three or four. */
const ORDINARY_LENGTH = 512;

/**
 * What is known, in three bounded parts so that none pushes out another. A token device is asked for by two ids, of which
 * one leads nowhere and is as much worth keeping as the other; what led nowhere for anybody is what strangers ask for, with
 * ever new names, so it has the smallest part.
 */
export class Entries {
  readonly #found: BoundedMap<Entry>;
  readonly #besideFound: BoundedMap<Entry>;
  readonly #missing: BoundedMap<Entry>;

  /** @param size ordinary records to keep, some hundred bytes each. @param missing misses of strangers to keep. */
  constructor(size: number, missing: number) {
    this.#found = new BoundedMap(size);
    this.#besideFound = new BoundedMap(size);
    this.#missing = new BoundedMap(missing);
  }

  get size(): number {
    return this.#found.size;
  }

  get(id: string): Entry | undefined {
    return this.#found.get(id) ?? this.#besideFound.get(id) ?? this.#missing.get(id);
  }

  /** @param besideFound another id of the same question led to a record. */
  put(
    id: string,
    record: CredentialsRecord | undefined,
    besideFound: boolean,
    generation: number,
    expiresAt: number,
  ): void {
    this.forget(id);
    const part = record !== undefined ? this.#found : besideFound ? this.#besideFound : this.#missing;
    part.set(id, { record, generation, expiresAt, weight: weightOf(record) });
  }

  forget(id: string): void {
    this.#found.delete(id);
    this.#besideFound.delete(id);
    this.#missing.delete(id);
  }

  /** A tombstone in the place of what was known: asked about like anything else, but never admitted while nobody answers. */
  bury(id: string): void {
    const wasFound = this.#found.get(id) !== undefined;
    this.forget(id);
    if (wasFound) this.#found.set(id, { record: undefined, generation: NEVER, expiresAt: 0, weight: 1 });
  }

  forgetMisses(): void {
    this.#besideFound.clear();
    this.#missing.clear();
  }

  /** Walks through all there is. */
  forgetDevices(ids: ReadonlySet<string>): void {
    for (const [key, { record }] of this.#found) {
      if (record !== undefined && ids.has(record.deviceId)) this.#found.delete(key);
    }
  }

  /** Walks through all there is: profiles change seldom, and an index would cost every record something. */
  forgetProfile(id: string): void {
    for (const [key, { record }] of this.#found) {
      if (record?.device?.profileId === id) this.#found.delete(key);
    }
  }
}

function weightOf(record: CredentialsRecord | undefined): number {
  if (record === undefined) return 1;
  let length = record.credentialsValue?.length ?? 0;
  for (const { hash } of record.secrets) length += hash.length;
  return Math.max(1, Math.ceil(length / ORDINARY_LENGTH));
}
