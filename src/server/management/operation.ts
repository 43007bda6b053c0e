import type { Static, TObject, TSchema } from 'typebox';
import type { DeviceSessions } from '../../fleet/broker-sessions/device-sessions.ts';
import type { Scope } from '../../fleet/devices/api-key.ts';
import type { WatchedAuthority } from '../../fleet/devices/expiry/expiring.ts';
import type { Actor } from '../../model/audit.ts';
import type { RefusalCode } from '../../model/errors.ts';
import type { ManagementStore } from '../../storage/repositories/management-store.ts';
import type { DecisionReader } from '../logging/decisions/gather-decisions.ts';
import type { RecentSession } from '../logging/decisions/recent-sessions.ts';
import type { BlockedList } from '../throttle/throttle.ts';
import type { Explain } from './explanation.ts';
import type { Imports } from './imports.ts';

/** What an operation is called with: everything has been checked against its schemas. */
export interface Call<Params, Query, Body> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  /** The bytes of an upload; empty for operations without. */
  readonly upload: Buffer;
  /** The version that `If-Match` names; `undefined` for none, or for `*`. */
  readonly ifMatch: number | undefined;
  readonly actor: Actor;
  readonly store: ManagementStore;
  readonly blocked: BlockedList;
  readonly decisions: DecisionReader;
  readonly explain: Explain;
  readonly imports: Imports;
  readonly deviceSessions: Pick<DeviceSessions, 'end'>;
  /** Under which client ids a device was let in lately. */
  readonly recentSessions: (deviceId: string) => Promise<readonly RecentSession[]>;
  /** Those of the file of client authorities, as they are now. */
  readonly clientAuthorities: () => readonly Omit<WatchedAuthority, 'usedBy'>[];
}

interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * One thing that the API can do, as data: the routes and the OpenAPI document are both made of it, so that they cannot
 * differ. Paths are OpenAPI's, relative to `/api/v1`.
 */
export interface Operation<
  Params extends TObject = TObject,
  Query extends TObject = TObject,
  Body extends TSchema = TSchema,
> {
  /** Unique; clients are generated with it as the name of the function. */
  readonly id: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: `/${string}`;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  /** The key needs one of these. */
  readonly scopes: readonly Scope[];
  readonly params?: Params;
  readonly query?: Query;
  readonly body?: Body;
  /** Instead of a body of JSON: the media types of files that it takes as they are. */
  readonly upload?: readonly string[];
  /** Whether the request must, or may, say with `If-Match` what it replaces. */
  readonly ifMatch?: 'required' | 'optional';
  readonly answers: Readonly<Record<number, AnswerDescription>>;
  /** Besides those that every operation may answer. */
  readonly problems?: readonly RefusalCode[];
  handle(call: Call<Static<Params>, Static<Query>, Static<Body>>): Promise<Answer>;
}

export interface AnswerDescription {
  readonly description: string;
  readonly schema?: TSchema;
  readonly headers?: readonly ('ETag' | 'Location')[];
}

/** Gives `handle` the types of its own schemas. */
export function operation<
  Params extends TObject = TObject<Record<never, never>>,
  Query extends TObject = TObject<Record<never, never>>,
  Body extends TSchema = TSchema,
>(one: Operation<Params, Query, Body>): Operation {
  return one as unknown as Operation;
}
