import { type Static, Type } from 'typebox';
import { readStoredBasic } from '../../../engine/credentials/stored/stored-basic.ts';
import type { DeviceSessions } from '../../../fleet/broker-sessions/device-sessions.ts';
import type { SessionEnd } from '../../../fleet/broker-sessions/session-end.ts';
import type { Rotated } from '../../../fleet/devices/credentials-service.ts';
import { deviceOf } from '../../../fleet/devices/device-service.ts';
import type { Actor } from '../../../model/audit.ts';
import type { CredentialsEntry, Window } from '../../../model/device.ts';
import { ThingPassError } from '../../../model/errors.ts';
import { operation } from '../operation.ts';
import { CREDENTIALS_TYPE, named, object, TIME, TIME_GIVEN, UUID } from '../schemas.ts';
import { readTime, showTime, showTimeIfAny } from '../times.ts';
import { CREDENTIALS_WISH, SECRET, toRequest, toSecret } from './credentials-request.ts';
import { DEVICE_PATH } from './devices.ts';
import { ENDED, ENDED_ANSWERS, endedAnswer } from './sessions.ts';

const WINDOW = {
  notBefore: Type.Optional(TIME),
  notAfter: Type.Optional(TIME),
  endsOnFirstUseOf: Type.Optional({
    ...UUID,
    description: 'Ends earlier, once these credentials or this secret are used.',
  } as typeof UUID),
};

const CREDENTIALS = named(
  'Credentials',
  object(
    {
      id: UUID,
      type: CREDENTIALS_TYPE,
      created: TIME,
      ...WINDOW,
      clientId: Type.Optional(Type.String()),
      userName: Type.Optional(Type.String()),
      anyPassword: Type.Optional(Type.Boolean({ description: 'Whether any password is accepted.' })),
      secrets: Type.Array(object({ id: UUID, created: TIME, ...WINDOW }), {
        description: 'Passwords that hold now or will, without what they are.',
      }),
      certificate: Type.Optional(Type.String({ description: 'Base64 of the DER.' })),
      certificateNotAfter: Type.Optional(TIME),
    },
    'What a device proves itself with; never the token or the password.',
  ),
);

const CHANGED = named(
  'ChangedCredentials',
  object({
    credentials: CREDENTIALS,
    secret: Type.Optional(SECRET),
    previousEnds: Type.Optional(
      Type.String({ description: 'Until when the previous hold; absent: they ended at once.' }),
    ),
    ended: ENDED,
  }),
);

const ONE_PATH = object({ device: DEVICE_PATH.properties.device, credentials: UUID });
const ALL = '/devices/{device}/credentials';
const ONE = '/devices/{device}/credentials/{credentials}';
const TAG = 'Credentials';
const REFUSALS = [
  ...(['device_not_found', 'credentials_not_found', 'credentials_ambiguous'] as const),
  ...(['credentials_taken', 'credentials_invalid', 'one_credential_per_device', 'not_possible'] as const),
  ...(['thingsboard_read_only', 'precondition_failed', 'overloaded'] as const),
] as const;

const OVERLAP = {
  credentials: Type.Optional({ ...UUID, description: 'Which ones, where there are several.' } as typeof UUID),
  overlapSeconds: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 315_360_000,
      description: 'For how long the previous still hold; the configured overlap when absent.',
    }),
  ),
  endsOnFirstUse: Type.Optional(
    Type.Boolean({ description: 'They end earlier, once the new ones are used.' }),
  ),
};

const listCredentials = operation({
  id: 'listCredentials',
  method: 'GET',
  path: ALL,
  tag: TAG,
  scopes: ['read'],
  summary: 'List the credentials of a device, the oldest first',
  params: DEVICE_PATH,
  answers: {
    200: {
      description: 'All of them',
      schema: named('CredentialsList', object({ items: Type.Array(CREDENTIALS) })),
    },
  },
  problems: ['device_not_found', 'thingsboard_read_only'],
  async handle({ params, store }) {
    const device = await deviceOf(store.devices, params.device);
    return { status: 200, body: { items: device.credentials.map(show) } };
  },
});

const getCredentials = operation({
  id: 'getCredentials',
  method: 'GET',
  path: ONE,
  tag: TAG,
  scopes: ['read'],
  summary: 'Show credentials',
  params: ONE_PATH,
  answers: { 200: { description: 'The credentials', schema: CREDENTIALS, headers: ['ETag'] } },
  problems: ['device_not_found', 'thingsboard_read_only', 'credentials_not_found'],
  async handle({ params, store }) {
    const device = await deviceOf(store.devices, params.device);
    const entry = device.credentials.find(({ id }) => id === params.credentials.toLowerCase());
    if (entry === undefined)
      throw new ThingPassError('credentials_not_found', 'the device has no such credentials');
    return { status: 200, body: show(entry), headers: { etag: etagOf(entry) } };
  },
});

const addCredentials = operation({
  id: 'addCredentials',
  method: 'POST',
  path: ALL,
  tag: TAG,
  scopes: ['write'],
  summary: 'Give a device further credentials; those it has stay',
  params: DEVICE_PATH,
  body: named(
    'NewCredentials',
    object({
      credentials: CREDENTIALS_WISH,
      notBefore: Type.Optional(TIME_GIVEN),
      notAfter: Type.Optional(TIME_GIVEN),
    }),
  ),
  answers: { 201: { description: 'Added', schema: CHANGED, headers: ['ETag', 'Location'] } },
  problems: REFUSALS,
  async handle({ params, body, store, actor }) {
    const { notBefore, notAfter } = body;
    const added = await store.credentialsService(actor).add(params.device, toRequest(body.credentials), {
      notBefore: notBefore === undefined ? undefined : readTime(notBefore),
      notAfter: notAfter === undefined ? undefined : readTime(notAfter),
    });
    const location = `/api/v1/devices/${added.device.id}/credentials/${added.credentials.id}`;
    return { ...changed(added, 201), headers: { etag: etagOf(added.credentials), location } };
  },
});

const putCredentials = operation({
  id: 'putCredentials',
  method: 'PUT',
  path: ONE,
  tag: TAG,
  scopes: ['write'],
  summary: 'Put other credentials in the place of these, which end at once',
  params: ONE_PATH,
  body: CREDENTIALS_WISH,
  ifMatch: 'required',
  answers: { 200: { description: 'Replaced', schema: CHANGED, headers: ['ETag'] } },
  problems: REFUSALS,
  async handle({ params, body, ifMatch, store, actor, deviceSessions }) {
    const which = { credentials: params.credentials.toLowerCase(), version: ifMatch };
    const done = await store.credentialsService(actor).set(params.device, toRequest(body), which);
    return changed(done, 200, await endReplaced(done, actor, deviceSessions));
  },
});

const revokeCredentials = operation({
  id: 'revokeCredentials',
  method: 'DELETE',
  path: ONE,
  tag: TAG,
  scopes: ['write'],
  summary: 'Revoke credentials at once',
  description: 'A certificate goes on the deny list as well.',
  params: ONE_PATH,
  ifMatch: 'required',
  answers: ENDED_ANSWERS,
  problems: REFUSALS,
  async handle({ params, ifMatch, store, actor, deviceSessions }) {
    const which = { credentials: params.credentials.toLowerCase(), version: ifMatch };
    const { device, revoked } = await store.credentialsService(actor).revoke(params.device, which);
    return endedAnswer(await deviceSessions.end({ deviceId: device.id, credentials: revoked }, actor));
  },
});

const rotateCredentials = operation({
  id: 'rotateCredentials',
  method: 'POST',
  path: '/devices/{device}/rotate',
  tag: TAG,
  scopes: ['write'],
  summary: 'Replace a token, password or certificate by another; both hold for the overlap',
  description: 'Tokens and passwords are made when none is given.',
  params: DEVICE_PATH,
  body: named(
    'RotateWish',
    object({
      ...OVERLAP,
      type: Type.Optional(CREDENTIALS_TYPE),
      token: Type.Optional(Type.String({ minLength: 1, maxLength: 255 })),
      password: Type.Optional(Type.String({ minLength: 1, maxLength: 4_096 })),
      certificate: Type.Optional(Type.String({ minLength: 1, maxLength: 65_536 })),
    }),
  ),
  ifMatch: 'optional',
  answers: { 200: { description: 'Rotated', schema: CHANGED, headers: ['ETag'] } },
  problems: REFUSALS,
  async handle({ params, body, ifMatch, store, actor, deviceSessions }) {
    const { type, token, password, certificate } = body;
    const request = { type, token, password, certificate, ...toOverlap(body), version: ifMatch };
    const done = await store.credentialsService(actor).rotate(params.device, request);
    return changed(done, 200, await endReplaced(done, actor, deviceSessions));
  },
});

const switchCredentials = operation({
  id: 'switchCredentials',
  method: 'POST',
  path: '/devices/{device}/switch',
  tag: TAG,
  scopes: ['write'],
  summary: 'Give a device credentials of another kind; both hold for the overlap',
  params: DEVICE_PATH,
  body: named('SwitchWish', object({ ...OVERLAP, to: CREDENTIALS_WISH })),
  ifMatch: 'optional',
  answers: { 200: { description: 'Switched', schema: CHANGED, headers: ['ETag'] } },
  problems: REFUSALS,
  async handle({ params, body, ifMatch, store, actor, deviceSessions }) {
    const which = { ...toOverlap(body), version: ifMatch };
    const done = await store.credentialsService(actor).switchTo(params.device, toRequest(body.to), which);
    return changed(done, 200, await endReplaced(done, actor, deviceSessions));
  },
});

export const CREDENTIALS_OPERATIONS = [
  ...[listCredentials, addCredentials, getCredentials, putCredentials, revokeCredentials],
  ...[rotateCredentials, switchCredentials],
];

const OVERLAP_SCHEMA = object(OVERLAP);

function toOverlap({ credentials, overlapSeconds, endsOnFirstUse }: Static<typeof OVERLAP_SCHEMA>) {
  const overlapMs = overlapSeconds === undefined ? undefined : overlapSeconds * 1_000;
  return { credentials: credentials?.toLowerCase(), overlapMs, endsOnFirstUse };
}

/** Sessions last as long as what they rest on: what still holds for a while ends none. */
async function endReplaced(
  { device, ended }: Rotated,
  actor: Actor,
  deviceSessions: Pick<DeviceSessions, 'end'>,
): Promise<SessionEnd[] | undefined> {
  return ended.length === 0
    ? undefined
    : deviceSessions.end({ deviceId: device.id, credentials: ended }, actor);
}

function changed(
  { credentials, secret, overlap }: Rotated,
  status = 200,
  ended: readonly SessionEnd[] | undefined = undefined,
) {
  const previousEnds = overlap === undefined ? {} : { previousEnds: showTime(overlap.endsAt) };
  return {
    status,
    body: { credentials: show(credentials), ...toSecret(secret), ...previousEnds, ...(ended && { ended }) },
    headers: { etag: etagOf(credentials) },
  };
}

function etagOf({ version }: CredentialsEntry): string {
  return `"${version}"`;
}

function show(entry: CredentialsEntry) {
  const { id, credentialsType: type, createdTime, secrets, certificateNotAfter } = entry;
  return {
    id,
    type,
    created: showTime(createdTime),
    ...showWindow(entry),
    ...showByType(entry),
    secrets: secrets.map((secret) => ({
      id: secret.id,
      created: showTime(secret.createdTime),
      ...showWindow(secret),
    })),
    certificateNotAfter: showTimeIfAny(certificateNotAfter),
  };
}

function showByType({ credentialsType, credentialsValue, secrets }: CredentialsEntry) {
  if (credentialsType === 'X509_CERTIFICATE') return { certificate: credentialsValue ?? undefined };
  if (credentialsType !== 'MQTT_BASIC') return {};
  const basic = readStoredBasic(credentialsValue);
  return {
    clientId: basic?.clientId ?? undefined,
    userName: basic?.userName ?? undefined,
    anyPassword: secrets.length === 0 && !basic?.password,
  };
}

function showWindow({ notBefore, notAfter, endsOnFirstUseOf }: Window) {
  return { notBefore: showTimeIfAny(notBefore), notAfter: showTimeIfAny(notAfter), endsOnFirstUseOf };
}
