import type { Pieces, RawRequest } from './wire.ts';

/** One way to spoil a request. */
export interface Spoil {
  readonly name: string;
  /** Nobody may get in with it, not even with the right credentials; else it may as well be put up with. */
  readonly refused: boolean;
  /**
   * Another HTTP than a broker's client writes, whatever its own clients send: it may be refused in HTTP's own words. All
   * else must be refused in the broker's.
   */
  readonly isHttp: boolean;
  /** @returns undefined where it cannot be done to this request. */
  readonly pieces: (request: RawRequest) => Pieces | undefined;
}

/** Replaces a part of what would go over the wire. @returns undefined when there is no such part. */
export function replaced(bytes: Buffer, part: string, by: string): Buffer | undefined {
  const at = bytes.indexOf(part, 0, 'latin1');
  if (at === -1) return undefined;
  return Buffer.concat([bytes.subarray(0, at), Buffer.from(by, 'latin1'), bytes.subarray(at + part.length)]);
}
