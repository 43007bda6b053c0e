import { Type } from 'typebox';
import { requireOurs } from '../../../fleet/devices/device-service.ts';
import { isDeviceName } from '../../../model/device-name.ts';
import { ThingPassError } from '../../../model/errors.ts';
import {
  DEVICE_SOURCES,
  type DeviceSource,
  type DeviceSummary,
} from '../../../storage/repositories/devices/device-query.ts';
import type { ManagementStore } from '../../../storage/repositories/management-store.ts';
import { operation } from '../operation.ts';
import { DEFAULT_LIMIT, PAGE_QUERY, readCursor, toPage } from '../paging.ts';
import { CREDENTIALS_TYPE, NAME, named, object, oneOf, page, TIME, TIME_GIVEN, UUID } from '../schemas.ts';
import { readTime, showTime } from '../times.ts';
import { CREDENTIALS_WISH, SECRET, toRequest, toSecret } from './credentials-request.ts';
import { ENDED_ANSWERS, endedAnswer } from './sessions.ts';

const SOURCE = oneOf(
  DEVICE_SOURCES,
  'The database that the device is in: ours, or ThingsBoard’s own, which is only read.',
);

const DEVICE = named(
  'Device',
  object({
    id: UUID,
    source: SOURCE,
    name: NAME,
    label: Type.Optional(Type.String()),
    profile: object({ id: UUID, name: Type.String() }),
    gateway: Type.Boolean({ description: 'May speak for other devices, by ThingsBoard’s gateway topics.' }),
    created: TIME,
    credentials: Type.Array(object({ id: UUID, type: CREDENTIALS_TYPE })),
  }),
);

const PROPERTIES = {
  name: NAME,
  profile: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 255,
      default: 'default',
      description: 'Name of the device profile; it is created if it does not exist.',
    }),
  ),
  label: Type.Optional(Type.String({ maxLength: 255, description: 'A text to show.' })),
  gateway: Type.Optional(Type.Boolean({ default: false })),
};

const DEVICE_PROPERTIES = named('DeviceProperties', object(PROPERTIES));

const NEW_DEVICE = named(
  'NewDevice',
  object({ ...PROPERTIES, credentials: Type.Optional(CREDENTIALS_WISH) }),
);

const CREATED_DEVICE = named('CreatedDevice', object({ device: DEVICE, secret: Type.Optional(SECRET) }));

export const DEVICE_PATH = object({
  device: Type.String({ minLength: 1, maxLength: 255, description: 'Id or name of the device.' }),
});

const LISTING = 'devices';
const TAG = 'Devices';

const listDevices = operation({
  id: 'listDevices',
  method: 'GET',
  path: '/devices',
  tag: TAG,
  scopes: ['read'],
  summary: 'List devices by name',
  description: 'ThingsBoard’s own devices, where its database is read, come before ours; each are in order.',
  query: object({
    ...PAGE_QUERY,
    source: Type.Optional(SOURCE),
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 255, description: 'The whole name.' })),
    nameStartsWith: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
    profile: Type.Optional(Type.String({ minLength: 1, maxLength: 255, description: 'Id or name.' })),
    credentialsType: Type.Optional(CREDENTIALS_TYPE),
    expiresBefore: Type.Optional({
      ...TIME_GIVEN,
      description:
        'Only devices of which a credential or a secret ends before this time; of ThingsBoard’s own none is known to end.',
    } as typeof TIME_GIVEN),
  }),
  answers: { 200: { description: 'A page of devices', schema: page('DevicePage', DEVICE) } },
  problems: ['cursor_invalid'],
  async handle({ query, store }) {
    const { limit = DEFAULT_LIMIT, cursor, expiresBefore, ...filter } = query;
    const [source, name, id] = readCursor(LISTING, cursor, ['text', 'text', 'uuid']) ?? [];
    const devices = await store.listing.list({
      ...filter,
      expiresBefore: expiresBefore === undefined ? undefined : readTime(expiresBefore),
      after:
        name === undefined ? undefined : { source: toSource(source), name: String(name), id: String(id) },
      limit: limit + 1,
    });
    const body = toPage(
      ...([LISTING, devices, limit] as const),
      (device) => [device.source, device.name, device.id],
      showDevice,
    );
    return { status: 200, body };
  },
});

const createDevice = operation({
  id: 'createDevice',
  method: 'POST',
  path: '/devices',
  tag: TAG,
  scopes: ['write', 'provision'],
  summary: 'Create a device with its credentials',
  description:
    'Without `credentials` it gets an access token. A secret that was made is in the answer, this one time.',
  body: NEW_DEVICE,
  answers: { 201: { description: 'Created', schema: CREATED_DEVICE, headers: ['Location'] } },
  problems: ['name_taken', 'credentials_taken', 'name_invalid', 'credentials_invalid'],
  async handle({ body, store, actor }) {
    const { device, secret } = await store.deviceService(actor).create({
      name: body.name,
      profileName: body.profile ?? 'default',
      label: body.label,
      gateway: body.gateway ?? false,
      request: toRequest(body.credentials ?? { kind: 'access_token' }),
    });
    const shown = showDevice(await deviceOf(store, device.id));
    return {
      status: 201,
      body: { device: shown, ...toSecret(secret) },
      headers: { location: `/api/v1/devices/${device.id}` },
    };
  },
});

const getDevice = operation({
  id: 'getDevice',
  method: 'GET',
  path: '/devices/{device}',
  tag: TAG,
  scopes: ['read'],
  summary: 'Show a device',
  params: DEVICE_PATH,
  answers: { 200: { description: 'The device', schema: DEVICE } },
  problems: ['device_not_found'],
  async handle({ params, store }) {
    return { status: 200, body: showDevice(await deviceOf(store, params.device)) };
  },
});

const putDevice = operation({
  id: 'putDevice',
  method: 'PUT',
  path: '/devices/{device}',
  tag: TAG,
  scopes: ['write'],
  summary: 'Make a device be as described',
  description:
    'Creates it under the id of the path, without credentials, or replaces all of its properties. Repeating it changes nothing.',
  params: object({ device: UUID }),
  body: DEVICE_PROPERTIES,
  answers: {
    200: { description: 'Replaced', schema: DEVICE },
    201: { description: 'Created', schema: DEVICE, headers: ['Location'] },
  },
  problems: ['name_taken', 'name_invalid', 'thingsboard_read_only'],
  async handle({ params, body, store, actor }) {
    const id = params.device.toLowerCase();
    refuseNames(body.name, body.profile);
    if ((await store.listing.find('own', id)) === undefined) await requireOurs(store.devices, id);
    const done = await store.putDevice(
      id,
      {
        name: body.name,
        profileName: body.profile ?? 'default',
        label: body.label,
        gateway: body.gateway ?? false,
      },
      actor,
    );
    const shown = showDevice(await deviceOf(store, id));
    return done === 'created'
      ? { status: 201, body: shown, headers: { location: `/api/v1/devices/${id}` } }
      : { status: 200, body: shown };
  },
});

const deleteDevice = operation({
  id: 'deleteDevice',
  method: 'DELETE',
  path: '/devices/{device}',
  tag: TAG,
  scopes: ['write'],
  summary: 'Delete a device with its credentials',
  params: DEVICE_PATH,
  answers: ENDED_ANSWERS,
  problems: ['device_not_found', 'thingsboard_read_only'],
  async handle({ params, store, actor, deviceSessions }) {
    const { id, credentials } = await store.deviceService(actor).remove(params.device);
    return endedAnswer(await deviceSessions.end({ deviceId: id, credentials }, actor));
  },
});

export const DEVICE_OPERATIONS = [listDevices, createDevice, getDevice, putDevice, deleteDevice];

function toSource(text: unknown): DeviceSource {
  const source = DEVICE_SOURCES.find((one) => one === text);
  if (source === undefined) throw new ThingPassError('cursor_invalid');
  return source;
}

/** @throws {ThingPassError} when there is none. */
async function deviceOf(store: ManagementStore, idOrName: string): Promise<DeviceSummary> {
  const device = await store.listing.get(idOrName);
  if (device !== undefined) return device;
  throw new ThingPassError('device_not_found', 'there is no such device');
}

function showDevice({ createdTime, credentials, ...device }: DeviceSummary) {
  return { ...device, created: showTime(createdTime), credentials };
}

function refuseNames(...names: readonly (string | undefined)[]): void {
  for (const name of names) {
    if (name !== undefined && !isDeviceName(name))
      throw new ThingPassError('name_invalid', 'a name is not blank and has no control characters');
  }
}
