import type { CredentialsRecord } from '../../engine/credentials/credentials-record.ts';
import { detachString } from '../../util/detach-string.ts';
import { EntryList, type Listed } from './entry-list.ts';

/** What is known of one credentials id. */
export interface Entry extends Listed {
  readonly id: string;
  /** `undefined`: there are no such credentials. */
  readonly record: CredentialsRecord | undefined;
  /** When it was put here, in {@link Entries}'s own time. */
  readonly since: number;
  /** Until when it is believed without asking, in milliseconds of `performance.now()`. */
  readonly expiresAt: number;
  readonly list: EntryList<Entry>;
}

/** Believed at no time: such an entry only speaks while nobody can be asked. */
const NEVER = -1;

/** Whether it stands for credentials of which the news said that they are gone. */
export function isTombstone(entry: Entry): boolean {
  return entry.since === NEVER;
}

/** Text of this length, in addition to what every record has, makes an ordinary record; certificates are three or four. */
const ORDINARY_LENGTH = 512;

/**
 * What is known, in three bounded parts so that none pushes out another. A token device is asked for by two ids, of which
 * one leads nowhere and is as much worth keeping as the other; what led nowhere for anybody is what strangers ask for, with
 * ever new names, so it has the smallest part. All three are found through one map.
 */
export class Entries {
  readonly #byId = new Map<string, Entry>();
  readonly #found: EntryList<Entry>;
  readonly #besideFound: EntryList<Entry>;
  readonly #missing: EntryList<Entry>;
  /** Counts what ends the belief in entries, instead of going through them. */
  #time = 0;
  #believedSince = 0;
  #missesSince = 0;

  /** @param size ordinary records to keep, some hundred bytes each. @param missing misses of strangers to keep. */
  constructor(size: number, missing: number) {
    this.#found = new EntryList(size);
    this.#besideFound = new EntryList(size);
    this.#missing = new EntryList(missing);
  }

  /** For how many ids records are kept. */
  get size(): number {
    return this.#found.size;
  }

  get(id: string): Entry | undefined {
    const entry = this.#byId.get(id);
    if (entry === undefined) return undefined;
    if (entry.list !== this.#found && entry.since < this.#missesSince) {
      this.#remove(entry);
      return undefined;
    }
    entry.isUsed = true;
    return entry;
  }

  /** Whether the entry may be believed without asking. @param now milliseconds of `performance.now()`. */
  isBelieved(entry: Entry, now: number): boolean {
    return entry.since >= this.#believedSince && now < entry.expiresAt;
  }

  /** @param besideFound another id of the same question led to a record. */
  put(id: string, record: CredentialsRecord | undefined, besideFound: boolean, expiresAt: number): void {
    const list = record !== undefined ? this.#found : besideFound ? this.#besideFound : this.#missing;
    this.#add(record?.credentialsId ?? detachString(id), record, this.#time, expiresAt, list);
  }

  forget(id: string): void {
    const entry = this.#byId.get(id);
    if (entry !== undefined) this.#remove(entry);
  }

  /** A tombstone in the place of what was known: asked about like anything else, but never admitted while nobody answers. */
  bury(id: string): void {
    const known = this.#byId.get(id);
    if (known?.list === this.#found) this.#add(id, undefined, NEVER, 0, this.#found);
    else this.forget(id);
  }

  /** What is here is no longer believed; it stays for as long as nobody can be asked. */
  doubtAll(): void {
    this.#believedSince = ++this.#time;
  }

  forgetMisses(): void {
    this.#missesSince = ++this.#time;
  }

  /** Walks through all there is. */
  forgetDevices(ids: ReadonlySet<string>): void {
    for (const entry of this.#byId.values()) {
      if (entry.record !== undefined && ids.has(entry.record.deviceId)) this.#remove(entry);
    }
  }

  /** Walks through all there is: profiles change seldom, and an index would cost every record something. */
  forgetProfile(id: string): void {
    for (const entry of this.#byId.values()) {
      if (entry.record?.device?.profileId === id) this.#remove(entry);
    }
  }

  #add(
    id: string,
    record: CredentialsRecord | undefined,
    since: number,
    expiresAt: number,
    list: EntryList<Entry>,
  ): void {
    this.forget(id);
    const entry: Entry = {
      id,
      record,
      since,
      // A whole number takes no extra memory.
      expiresAt: Math.round(expiresAt),
      list,
      weight: weightOf(record),
      isUsed: false,
      older: undefined,
      newer: undefined,
    };
    this.#byId.set(id, entry);
    list.add(entry);
    for (let gone = list.takeSurplus(); gone !== undefined; gone = list.takeSurplus())
      this.#byId.delete(gone.id);
  }

  #remove(entry: Entry): void {
    this.#byId.delete(entry.id);
    entry.list.remove(entry);
  }
}

function weightOf(record: CredentialsRecord | undefined): number {
  if (record === undefined) return 1;
  let length = record.credentialsValue?.length ?? 0;
  for (const { hash } of record.secrets) length += hash.length;
  return Math.max(1, Math.ceil(length / ORDINARY_LENGTH));
}
