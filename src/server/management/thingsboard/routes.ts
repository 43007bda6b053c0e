import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Static, TSchema } from 'typebox';
import type { Scope } from '../../../fleet/devices/api-key.ts';
import { deviceOf } from '../../../fleet/devices/device-service.ts';
import type { DeviceEntry } from '../../../model/device.ts';
import { ThingPassError } from '../../../model/errors.ts';
import { isUuid } from '../../../util/uuid.ts';
import { authenticate, type Caller, requireScope } from '../authenticate.ts';
import type { OperationParts, RouteParts } from '../routes.ts';
import { validator } from '../validate.ts';
import { showThingsBoardCredentials, showThingsBoardDevice, thingsBoardError } from './answers.ts';
import {
  CREDENTIALS_BODY,
  type CredentialsBody,
  DEVICE_WITH_CREDENTIALS_BODY,
  isUnchanged,
  LOGIN_BODY,
  requestOf,
} from './requests.ts';

interface Asked {
  readonly request: FastifyRequest;
  readonly caller: Caller;
}

/**
 * ThingsBoard's own paths, JSON and errors for what its scripts do with devices' credentials. A script logs in with an API key
 * as the password, or sends the key as it would send its token. Asking for credentials needs the scope `write`: a token that
 * can be read can be used.
 */
export function registerThingsBoard(
  scope: FastifyInstance,
  parts: RouteParts & Pick<OperationParts, 'deviceSessions'>,
): void {
  scope.setErrorHandler((error, request, reply) => {
    const detail = thingsBoardError(error);
    if (detail === undefined) request.log.error({ err: error, requestId: request.id }, 'the API failed');
    const internal = { status: 500, message: 'Internal error', errorCode: 2, timestamp: Date.now() };
    return reply.code(detail?.status ?? 500).send(detail?.body ?? internal);
  });

  function route(
    method: 'GET' | 'POST' | 'DELETE',
    url: string,
    scopes: readonly Scope[],
    answer: (asked: Asked) => Promise<object | undefined>,
  ): void {
    scope.route({
      method,
      url,
      onRequest: async (request) => {
        const caller = await authenticate(parts.keys, request.headers, request.ip);
        requireScope(caller, scopes);
        request.setDecorator('caller', caller);
      },
      handler: async (request, reply) => {
        const answered = await answer({ request, caller: request.getDecorator<Caller>('caller') });
        return reply.header('cache-control', 'no-store').send(answered);
      },
    });
  }

  const readCredentials = reader(CREDENTIALS_BODY);
  const readDevice = reader(DEVICE_WITH_CREDENTIALS_BODY);
  const readLogin = reader(LOGIN_BODY);

  scope.post('/auth/login', async (request) => {
    const { password } = readLogin(request.body);
    const { ok } = await parts.keys.check(password);
    if (!ok) throw new ThingPassError('key_invalid', 'Invalid username or password');
    return { token: password, refreshToken: password };
  });

  async function find(id: unknown): Promise<DeviceEntry> {
    if (!isUuid(String(id))) throw new ThingPassError('request_invalid', `Incorrect deviceId`);
    return deviceOf((await parts.store()).devices, String(id));
  }

  async function save({ caller }: Asked, deviceId: unknown, body: CredentialsBody): Promise<object> {
    const device = await find(deviceId);
    const before = device.credentials.find(({ id }) => id === body.id?.id) ?? device.credentials.at(-1);
    if (body.id && before?.id !== body.id.id)
      throw new ThingPassError('credentials_not_found', 'the device has no such credentials');
    const version = body.version ?? undefined;
    if (version !== undefined && before !== undefined && before.version !== version)
      throw new ThingPassError('precondition_failed');
    if (before !== undefined && isUnchanged(body, before)) return showThingsBoardCredentials(device, before);
    const service = (await parts.store()).credentialsService(caller.actor);
    const which = before === undefined ? {} : { credentials: before.id, version };
    const saved = await service.set(device.id, requestOf(body, before), which);
    // ThingsBoard's answer has no place for what became of the sessions; the audit trail has.
    if (saved.ended.length > 0)
      await parts.deviceSessions.end({ deviceId: device.id, credentials: saved.ended }, caller.actor);
    return showThingsBoardCredentials(saved.device, saved.credentials);
  }

  route('GET', '/device/:deviceId', ['read'], async ({ request }) =>
    showThingsBoardDevice(await find(idIn(request))),
  );
  route('DELETE', '/device/:deviceId', ['write'], async ({ request, caller }) => {
    const device = await find(idIn(request));
    const { id, credentials } = await (await parts.store()).deviceService(caller.actor).remove(device.id);
    await parts.deviceSessions.end({ deviceId: id, credentials }, caller.actor);
    return undefined;
  });
  route('GET', '/tenant/devices', ['read'], async ({ request }) => {
    const { deviceName } = request.query as { deviceName?: unknown };
    if (typeof deviceName !== 'string')
      throw new ThingPassError('request_invalid', 'deviceName is missing; listings are at /api/v1/devices');
    const device = await deviceOf((await parts.store()).devices, deviceName);
    return showThingsBoardDevice(device);
  });
  route('GET', '/device/:deviceId/credentials', ['write'], async ({ request }) => {
    const device = await find(idIn(request));
    // Of several during a rotation, the one that stays.
    const row = device.credentials.at(-1);
    if (row === undefined) throw new ThingPassError('credentials_not_found', 'the device has no credentials');
    return showThingsBoardCredentials(device, row);
  });
  route('POST', '/device/:deviceId/credentials', ['write'], async (asked) =>
    save(asked, idIn(asked.request), readCredentials(asked.request.body)),
  );
  route('POST', '/device/credentials', ['write'], async (asked) => {
    const body = readCredentials(asked.request.body);
    return save(asked, body.deviceId?.id, body);
  });
  route('POST', '/device-with-credentials', ['write', 'provision'], async ({ request, caller }) => {
    const { device, credentials } = readDevice(request.body);
    const store = await parts.store();
    const profile = device.deviceProfileId
      ? (await store.profiles.get(device.deviceProfileId.id)).name
      : device.type || 'default';
    const created = await store.deviceService(caller.actor).create({
      name: device.name,
      profileName: profile,
      label: device.label ?? undefined,
      gateway: device.additionalInfo?.gateway === true,
      request: requestOf(credentials, undefined),
    });
    return showThingsBoardDevice(created.device);
  });
}

function idIn(request: FastifyRequest): unknown {
  return (request.params as { deviceId?: unknown }).deviceId;
}

function reader<Schema extends TSchema>(schema: Schema): (body: unknown) => Static<Schema> {
  const check = validator('body', schema);
  return (body) => {
    check(body);
    return body as Static<Schema>;
  };
}
