import { type Static, Type } from 'typebox';
import type { DeviceSessions } from '../../../fleet/broker-sessions/device-sessions.ts';
import { DENY_KINDS, type DenyEntry, denyValue } from '../../../fleet/devices/deny-entry.ts';
import type { Actor } from '../../../model/audit.ts';
import { ThingPassError } from '../../../model/errors.ts';
import type { ManagementStore } from '../../../storage/repositories/management-store.ts';
import { operation } from '../operation.ts';
import { DEFAULT_LIMIT, PAGE_QUERY, readCursor, toPage } from '../paging.ts';
import { named, object, oneOf, page, TIME } from '../schemas.ts';
import { showTime } from '../times.ts';
import { ENDED } from './sessions.ts';

const KIND = oneOf(DENY_KINDS, 'A device’s id, the SHA-256 of a certificate’s DER, or its serial number.');

const PROPERTIES = {
  kind: KIND,
  value: Type.String({ description: 'In lower case, hex without colons.' }),
  note: Type.Optional(Type.String()),
  created: TIME,
};

const DENY_ENTRY = named('DenyEntry', object(PROPERTIES));

const DENIED = named('DeniedEntry', object({ ...PROPERTIES, ended: ENDED }));

const ENTRY_PATH = object({
  kind: KIND,
  value: Type.String({ minLength: 1, maxLength: 200, description: 'Colons and case do not matter.' }),
});

const LISTING = 'deny-list';
const TAG = 'Deny list';
const PATH = '/deny-list/{kind}/{value}';

const listDenyEntries = operation({
  id: 'listDenyEntries',
  method: 'GET',
  path: '/deny-list',
  tag: TAG,
  scopes: ['read'],
  summary: 'List what is denied whatever it proves',
  query: object({ ...PAGE_QUERY, kind: Type.Optional(KIND) }),
  answers: { 200: { description: 'A page of entries', schema: page('DenyEntryPage', DENY_ENTRY) } },
  problems: ['cursor_invalid'],
  async handle({ query, store }) {
    const { limit = DEFAULT_LIMIT, cursor, kind: only } = query;
    const [kind, value] = readCursor(LISTING, cursor, ['text', 'text']) ?? [];
    const after = kind === undefined ? undefined : { kind: String(kind), value: String(value) };
    const entries = await store.denyList.list({ kind: only, after, limit: limit + 1 });
    return { status: 200, body: toPage(LISTING, entries, limit, (one) => [one.kind, one.value], showEntry) };
  },
});

const getDenyEntry = operation({
  id: 'getDenyEntry',
  method: 'GET',
  path: PATH,
  tag: TAG,
  scopes: ['read'],
  summary: 'Show an entry of the deny list',
  params: ENTRY_PATH,
  answers: { 200: { description: 'The entry', schema: DENY_ENTRY } },
  problems: ['deny_entry_not_found', 'deny_value_invalid'],
  async handle({ params, store }) {
    const entry = await store.denyList.find(...entryOf(params));
    if (entry === undefined) throw new ThingPassError('deny_entry_not_found');
    return { status: 200, body: showEntry(entry) };
  },
});

const putDenyEntry = operation({
  id: 'putDenyEntry',
  method: 'PUT',
  path: PATH,
  tag: TAG,
  scopes: ['write'],
  summary: 'Deny a device or certificate',
  description:
    'Whatever it proves, from the next decision on, within a second. The sessions of a device end where brokers are set up for it.',
  params: ENTRY_PATH,
  body: named('DenyEntryProperties', object({ note: Type.Optional(Type.String({ maxLength: 1_000 })) })),
  answers: {
    200: { description: 'It was denied already; the note is replaced', schema: DENIED },
    201: { description: 'Denied from now on', schema: DENIED },
  },
  problems: ['deny_value_invalid'],
  async handle({ params, body, store, actor, deviceSessions }) {
    const { done, entry } = await store.denyList.put(...entryOf(params), body.note, actor);
    const ended =
      entry.kind === 'device' ? await endOf(entry.value, store, actor, deviceSessions) : undefined;
    return {
      status: done === 'created' ? 201 : 200,
      body: { ...showEntry(entry), ...(ended && { ended }) },
    };
  },
});

const deleteDenyEntry = operation({
  id: 'deleteDenyEntry',
  method: 'DELETE',
  path: PATH,
  tag: TAG,
  scopes: ['write'],
  summary: 'Deny a device or certificate no longer',
  params: ENTRY_PATH,
  answers: { 204: { description: 'Not denied any more' } },
  problems: ['deny_entry_not_found', 'deny_value_invalid'],
  async handle({ params, store, actor }) {
    if (!(await store.denyList.remove(...entryOf(params), actor)))
      throw new ThingPassError('deny_entry_not_found');
    return { status: 204 };
  },
});

export const DENY_LIST_OPERATIONS = [listDenyEntries, getDenyEntry, putDenyEntry, deleteDenyEntry];

/** Of a device that is not ours, or is gone, only what is known without its credentials. */
async function endOf(
  deviceId: string,
  store: ManagementStore,
  actor: Actor,
  deviceSessions: Pick<DeviceSessions, 'end'>,
) {
  const device = await store.devices.find(deviceId);
  return deviceSessions.end({ deviceId, credentials: device?.credentials ?? [] }, actor);
}

function entryOf({ kind, value }: Static<typeof ENTRY_PATH>) {
  return [kind, denyValue(kind, value)] as const;
}

function showEntry({ kind, value, note, createdTime }: DenyEntry) {
  return { kind, value, note, created: showTime(createdTime) };
}
