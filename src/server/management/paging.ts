import { Type } from 'typebox';
import { ThingPassError } from '../../model/errors.ts';
import { isStorable } from '../../util/storable-text.ts';
import { isUuid } from '../../util/uuid.ts';

/** The query's members of every listing. */
export const PAGE_QUERY = {
  limit: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 1000, default: 100, description: 'How many at most.' }),
  ),
  cursor: Type.Optional(
    Type.String({ minLength: 1, maxLength: 2000, description: 'The `next` of the page before.' }),
  ),
};

export const DEFAULT_LIMIT = 100;

/** What follows the last entry of a page; which texts they are is the listing's own affair. */
export type Position = readonly (string | number)[];

/**
 * A position as opaque text. It names the listing, so that a cursor of another one is refused instead of leading anywhere.
 */
function writeCursor(listing: string, position: Position): string {
  return Buffer.from(JSON.stringify([listing, ...position])).toString('base64url');
}

/** What a part of a position is; PostgreSQL fails a query that compares an id with anything else. */
const PARTS = {
  text: (part: unknown) => typeof part === 'string' && isStorable(part),
  uuid: (part: unknown) => typeof part === 'string' && isUuid(part),
  number: (part: unknown) => typeof part === 'number' && Number.isInteger(part) && Math.abs(part) < 2 ** 31,
  /** Epoch milliseconds. */
  time: (part: unknown) => Number.isSafeInteger(part),
  /** A row's id, or a SHA-256 in hex. */
  subject: (part: unknown) => typeof part === 'string' && (isUuid(part) || /^[0-9a-f]{64}$/.test(part)),
};

/**
 * @param shape what the parts of the position are.
 * @throws {ThingPassError} `cursor_invalid` for a text that {@link writeCursor} did not write for this listing.
 */
export function readCursor(
  listing: string,
  cursor: string | undefined,
  shape: readonly (keyof typeof PARTS)[],
): Position | undefined {
  if (cursor === undefined) return undefined;
  let parts: unknown;
  try {
    parts = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    throw new ThingPassError('cursor_invalid');
  }
  const [from, ...position] = Array.isArray(parts) ? (parts as unknown[]) : [];
  const good = position.length === shape.length && shape.every((kind, at) => PARTS[kind](position[at]));
  if (from !== listing || !good) throw new ThingPassError('cursor_invalid');
  return position as (string | number)[];
}

/** A page out of the entries that were asked for, one more than wanted, so that the last page is known to be it. */
export function toPage<Entry, Shown>(
  listing: string,
  entries: readonly Entry[],
  limit: number,
  position: (entry: Entry) => Position,
  show: (entry: Entry) => Shown,
): { readonly items: Shown[]; readonly next?: string } {
  const items = entries.slice(0, limit);
  const last = items.at(-1);
  return {
    items: items.map(show),
    ...(entries.length > limit && last !== undefined ? { next: writeCursor(listing, position(last)) } : {}),
  };
}
