import { type Static, Type } from 'typebox';
import type { ProfileRequest } from '../../../fleet/devices/profile.ts';
import { TRANSPORT_TYPES } from '../../../model/device.ts';
import type {
  ProfileEntry,
  SavedProfile,
} from '../../../storage/repositories/profiles/profile-repository.ts';
import { operation } from '../operation.ts';
import { DEFAULT_LIMIT, PAGE_QUERY, readCursor, toPage } from '../paging.ts';
import { NAME, named, object, oneOf, page, TIME, UUID } from '../schemas.ts';
import { showTime } from '../times.ts';

const TRANSPORT_TYPE = oneOf(
  TRANSPORT_TYPES,
  'Devices of other transports than DEFAULT and MQTT are refused.',
);
const TOPIC = Type.Optional(Type.String({ minLength: 1, maxLength: 1_024 }));

const MQTT = named(
  'ProfileMqtt',
  object(
    {
      telemetryTopic: TOPIC,
      attributesTopic: TOPIC,
      attributesSubscribeTopic: TOPIC,
      sparkplug: Type.Optional(Type.Boolean()),
    },
    'ThingsBoard’s MQTT settings; topics that are absent are its defaults.',
  ),
);

const SECRET_TYPE = oneOf(['ALLOW_CREATE_NEW_DEVICES', 'CHECK_PRE_PROVISIONED_DEVICES']);
const KEY = Type.String({ minLength: 1, maxLength: 255, description: 'The provision key.' });
const CERTIFICATE = Type.String({ minLength: 1, maxLength: 65_536, description: 'PEM of the authority.' });
const PATTERN = Type.String({
  minLength: 1,
  maxLength: 1_000,
  description:
    'Java’s regular expression, searched in the common name; group 1 is the device’s name. One that looks ahead or behind, refers to a group or repeats possessively is refused: names are searched in linear time.',
});

const PROVISIONING_WISH = named(
  'ProvisioningWish',
  Type.Union([
    object({ type: Type.Literal('DISABLED') }),
    object({
      type: SECRET_TYPE,
      key: Type.Optional(KEY),
      secret: Type.Optional(
        Type.String({ minLength: 8, maxLength: 255, description: 'Kept when absent, or made.' }),
      ),
    }),
    object({
      type: Type.Literal('X509_CERTIFICATE_CHAIN'),
      certificate: CERTIFICATE,
      pattern: PATTERN,
      allowCreate: Type.Boolean({ description: 'Whether devices that are not there are made.' }),
    }),
  ]),
);

const PROFILE_WISH = named(
  'ProfileProperties',
  object({
    name: NAME,
    description: Type.Optional(Type.String({ maxLength: 10_000 })),
    transportType: Type.Optional(TRANSPORT_TYPE),
    mqtt: Type.Optional(MQTT),
    provisioning: Type.Optional(PROVISIONING_WISH),
  }),
);

const PROFILE = named(
  'Profile',
  object({
    id: UUID,
    name: Type.String(),
    description: Type.Optional(Type.String()),
    default: Type.Boolean({ description: 'Of devices for which no profile is named.' }),
    transportType: TRANSPORT_TYPE,
    mqtt: Type.Optional(MQTT),
    provisioning: Type.Union([
      object({ type: Type.Literal('DISABLED') }),
      object({ type: SECRET_TYPE, key: Type.Optional(KEY) }),
      object({
        type: Type.Literal('X509_CERTIFICATE_CHAIN'),
        certificate: Type.String({ description: 'As ThingsBoard stores it: Base64, or PEM blocks.' }),
        pattern: Type.Optional(PATTERN),
        allowCreate: Type.Boolean(),
      }),
    ]),
    created: TIME,
  }),
);

const SAVED_PROFILE = named(
  'SavedProfile',
  object({
    profile: PROFILE,
    provisionSecret: Type.Optional(Type.String({ description: 'Made just now; shown this one time.' })),
  }),
);

const PROFILE_PATH = object({
  profile: Type.String({ minLength: 1, maxLength: 255, description: 'Id or name of the profile.' }),
});

const LISTING = 'profiles';
const TAG = 'Device profiles';
const REFUSALS = ['name_taken', 'name_invalid', 'profile_invalid', 'provision_key_taken'] as const;

const listProfiles = operation({
  id: 'listProfiles',
  method: 'GET',
  path: '/profiles',
  tag: TAG,
  scopes: ['read'],
  summary: 'List device profiles by name',
  query: object({ ...PAGE_QUERY, name: Type.Optional(NAME) }),
  answers: { 200: { description: 'A page of profiles', schema: page('ProfilePage', PROFILE) } },
  problems: ['cursor_invalid'],
  async handle({ query, store }) {
    const { limit = DEFAULT_LIMIT, cursor, name } = query;
    const [afterName, id] = readCursor(LISTING, cursor, ['text', 'uuid']) ?? [];
    const profiles = await store.profiles.list({
      name,
      after: afterName === undefined ? undefined : { name: String(afterName), id: String(id) },
      limit: limit + 1,
    });
    return { status: 200, body: toPage(LISTING, profiles, limit, (one) => [one.name, one.id], showProfile) };
  },
});

const createProfile = operation({
  id: 'createProfile',
  method: 'POST',
  path: '/profiles',
  tag: TAG,
  scopes: ['write'],
  summary: 'Create a device profile',
  description: 'A profile that could never admit a device as it says is refused.',
  body: PROFILE_WISH,
  answers: { 201: { description: 'Created', schema: SAVED_PROFILE, headers: ['Location', 'ETag'] } },
  problems: REFUSALS,
  async handle({ body, store, actor }) {
    return saved(await store.profiles.create(toRequest(body), actor));
  },
});

const getProfile = operation({
  id: 'getProfile',
  method: 'GET',
  path: '/profiles/{profile}',
  tag: TAG,
  scopes: ['read'],
  summary: 'Show a device profile',
  params: PROFILE_PATH,
  answers: { 200: { description: 'The profile', schema: PROFILE, headers: ['ETag'] } },
  problems: ['profile_not_found'],
  async handle({ params, store }) {
    const profile = await store.profiles.get(params.profile);
    return { status: 200, body: showProfile(profile), headers: { etag: `"${profile.version}"` } };
  },
});

const putProfile = operation({
  id: 'putProfile',
  method: 'PUT',
  path: '/profiles/{profile}',
  tag: TAG,
  scopes: ['write'],
  summary: 'Make a device profile be as described',
  description:
    'Creates it under the id of the path, or replaces it. A provision key or secret that is not given stays as it is.',
  params: object({ profile: UUID }),
  body: PROFILE_WISH,
  ifMatch: 'optional',
  answers: {
    200: { description: 'Replaced', schema: SAVED_PROFILE, headers: ['ETag'] },
    201: { description: 'Created', schema: SAVED_PROFILE, headers: ['Location', 'ETag'] },
  },
  problems: REFUSALS,
  async handle({ params, body, ifMatch, store, actor }) {
    return saved(await store.profiles.put(params.profile.toLowerCase(), toRequest(body), ifMatch, actor));
  },
});

const deleteProfile = operation({
  id: 'deleteProfile',
  method: 'DELETE',
  path: '/profiles/{profile}',
  tag: TAG,
  scopes: ['write'],
  summary: 'Delete a device profile that no device has',
  params: PROFILE_PATH,
  answers: { 204: { description: 'Deleted' } },
  problems: ['profile_not_found', 'profile_in_use'],
  async handle({ params, store, actor }) {
    await store.profiles.remove(params.profile, actor);
    return { status: 204 };
  },
});

export const PROFILE_OPERATIONS = [listProfiles, createProfile, getProfile, putProfile, deleteProfile];

function toRequest({ transportType, provisioning, ...body }: Static<typeof PROFILE_WISH>): ProfileRequest {
  return {
    ...body,
    transportType: transportType ?? (body.mqtt === undefined ? 'DEFAULT' : 'MQTT'),
    provisioning: provisioning ?? { type: 'DISABLED' },
  };
}

function saved({ done, profile, made }: SavedProfile) {
  const body = { profile: showProfile(profile), ...(made === undefined ? {} : { provisionSecret: made }) };
  const etag = `"${profile.version}"`;
  return done === 'created'
    ? { status: 201, body, headers: { etag, location: `/api/v1/profiles/${profile.id}` } }
    : { status: 200, body, headers: { etag } };
}

/** The provision secret is not among what is shown; a certificate is public. */
function showProfile(profile: ProfileEntry) {
  const { id, name, description, isDefault, transportType, mqtt, createdTime } = profile;
  return {
    id,
    name,
    description,
    default: isDefault,
    transportType,
    mqtt,
    provisioning: showProvisioning(profile),
    created: showTime(createdTime),
  };
}

function showProvisioning({ provisioning: { type, key, configuration } }: ProfileEntry) {
  switch (type) {
    case 'ALLOW_CREATE_NEW_DEVICES':
    case 'CHECK_PRE_PROVISIONED_DEVICES':
      return { type, key: key ?? undefined };
    case 'X509_CERTIFICATE_CHAIN':
      return {
        type,
        certificate: String(configuration.provisionDeviceSecret ?? ''),
        pattern: textIn(configuration.certificateRegExPattern),
        allowCreate: configuration.allowCreateNewDevicesByX509Certificate === true,
      };
    default:
      return { type: 'DISABLED' };
  }
}

function textIn(value: string | boolean | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
