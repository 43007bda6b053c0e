/** What a row of the table `change` says: which credentials ids, profile or table are not what they were. */
export type Change =
  | { readonly kind: 'changed'; readonly ids: readonly string[] }
  /** These lead nowhere any more: a cache that cannot ask says so, instead of what it knew. */
  | { readonly kind: 'gone'; readonly ids: readonly string[] }
  | { readonly kind: 'profile'; readonly id: string }
  /** These devices or their credentials, named so because their credentials ids are secrets where everybody reads along. */
  | { readonly kind: 'devices'; readonly ids: readonly string[] }
  /** So many new ones that only "what was missing may be there now" is said. */
  | { readonly kind: 'misses' }
  /** A table of which whole copies are kept, such as `deny_entry`. */
  | { readonly kind: 'table'; readonly name: string }
  | { readonly kind: 'everything' };

/**
 * Reads the column `keys`, which triggers of the database write (`prisma/<kind>/migrations/…_note_changes`), and what those of
 * `deploy/thingsboard/notify.sql` tell: a JSON array of credentials ids, or an object with one member named as the kind. What cannot be read, such as a kind of a later version,
 * is everything: asking again is always right.
 */
export function readChange(keys: string): Change {
  let value: unknown;
  try {
    value = JSON.parse(keys);
  } catch {
    return { kind: 'everything' };
  }
  if (isTexts(value)) return { kind: 'changed', ids: value };
  if (typeof value !== 'object' || value === null) return { kind: 'everything' };
  const { gone, profile, devices, misses, table } = value as Record<string, unknown>;
  if (isTexts(gone)) return { kind: 'gone', ids: gone };
  if (typeof profile === 'string') return { kind: 'profile', id: profile };
  if (isTexts(devices)) return { kind: 'devices', ids: devices };
  if (typeof table === 'string') return { kind: 'table', name: table };
  if (misses === true) return { kind: 'misses' };
  return { kind: 'everything' };
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

/** Who is told what changed. Times are those of `performance.now()`, in milliseconds. */
export interface ChangeListener {
  /** @param asOf everything that was committed before this time has been told now. */
  onChange(changes: readonly Change[], asOf: number): void;
  /** Something may have been missed; what is known must be asked again. */
  onGap(): void;
}

/** A feed of changes, running until it is closed. */
export interface ChangeFeed {
  /** Reads now what there is to read, where that costs next to nothing (SQLite); else does nothing. */
  poll(): void;
  close(): Promise<void>;
}
