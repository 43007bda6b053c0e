import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Dialect } from '../../brokers/dialect.ts';
import { DIALECTS } from '../../brokers/registry.ts';
import type { BrokerConfig } from '../../config/config.ts';
import { configInvalid } from '../../model/errors.ts';
import { endpointSettings } from './endpoint-settings.ts';
import { Webhook, type WebhookParts } from './webhook.ts';

/** Before the path of a webhook, with the broker's secret: for brokers that can send it no other way. */
const WITH_SECRET = '/k/:secret';

/**
 * Every webhook of every dialect.
 * @throws {ThingPassError} `config_invalid` where a broker is set up as its dialect cannot be.
 */
export function createWebhooks(parts: WebhookParts): readonly Webhook[] {
  let requests = 0;
  const nextNumber = () => ++requests;
  return DIALECTS.flatMap((dialect) => {
    const settings = parts.brokers[dialect.broker];
    refuseMounting(dialect, settings);
    const decidedBy = endpointSettings(dialect, settings);
    return dialect.endpoints.map((endpoint) => new Webhook(dialect, endpoint, decidedBy, parts, nextNumber));
  });
}

/**
 * Gives each webhook its routes. It answers in `onRequest`, the last hook before Fastify would read the body: content types
 * that are odd, a GET with a body and a body over the limit are the dialect's to answer, in its broker's language.
 */
export function registerWebhooks(app: FastifyInstance, webhooks: readonly Webhook[]): void {
  for (const webhook of webhooks) {
    const { path, methods } = webhook.endpoint;
    for (const url of [path, WITH_SECRET + path]) {
      app.route({
        method: [...methods],
        url,
        // Does not call `done`: the request ends here, unless the webhook fails.
        onRequest: (request, reply, done) => webhook.answer(request, reply, done),
        errorHandler: (error, _request, reply) => webhook.fail(error, reply),
        handler: unreachable,
      });
    }
  }
}

/**
 * Answers what Fastify refuses before it looks for a route, such as a secret that is no percent-encoding or is too long: nobody
 * proved anything, and the broker whose path ends the URL is told so in its own language.
 * @returns false where the URL ends with no webhook's path.
 */
export function refuseUnroutable(
  webhooks: readonly Webhook[],
  request: FastifyRequest,
  reply: FastifyReply,
): boolean {
  const { method, url = '' } = request.raw;
  const path = url.split(/[?#]/, 1)[0] as string;
  const webhook = webhooks.find(
    ({ endpoint }) =>
      path.endsWith(endpoint.path) && (endpoint.methods as readonly string[]).includes(method ?? ''),
  );
  webhook?.refuse(reply);
  return webhook !== undefined;
}

function unreachable(): never {
  throw new Error('webhooks answer before their handler');
}

/** @throws {ThingPassError} `config_invalid` where devices would be granted topics that the broker cannot keep apart. */
function refuseMounting({ broker, canMountPerDevice }: Dialect, settings: BrokerConfig): void {
  if (!settings.perDeviceMountpoint || canMountPerDevice) return;
  throw configInvalid([
    `THINGPASS_MOUNTED_BROKERS names ${broker}, which has one topic tree for all: a device that may subscribe to v1/devices/me/… there would read everybody’s messages`,
  ]);
}
