import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { PROVISIONING_TREE } from '../../brokers/emqx/replies.ts';
import { readFields } from '../../brokers/read-fields.ts';
import type { Message } from '../../fleet/broker-sessions/emqx-api.ts';
import { provision } from '../../fleet/devices/provision/provision.ts';
import { provisionResponseJson } from '../../fleet/devices/provision/provision-response.ts';
import type { ProvisionStore } from '../../fleet/devices/provision/provision-store.ts';
import { isThingPassError, ThingPassError } from '../../model/errors.ts';
import { createGuard } from './guard.ts';

/*
 * Provisioning over MQTT (`engine/credentials/thingsboard.md` section 6) at an EMQX: a rule forwards what a provisioning session
 * publishes to `/provision/request`, and the answer is published where that session alone can read it. EMQX's HTTP action
 * does not hand answers back to its rule, so they go the way of its management API.
 */

export interface EmqxProvisioning {
  /** Opened when first asked for. */
  readonly store: () => Promise<ProvisionStore>;
  /** Publishes at the broker; without it, the message is the webhook's answer, for something else to publish. */
  readonly publish?: ((message: Message) => Promise<void>) | undefined;
  readonly secrets: readonly string[];
  readonly log: FastifyBaseLogger;
}

/** A request names a key, a secret, a device and its credentials; a certificate is the longest of them. */
const LARGEST_REQUEST = 64 * 1024;

export function registerEmqxProvision(app: FastifyInstance, parts: EmqxProvisioning): void {
  const proves = createGuard(parts.secrets);
  for (const url of ['/emqx/provision', '/k/:secret/emqx/provision']) {
    app.post(url, {
      onRequest: (request, reply, done) => {
        const { secret } = request.params as { secret?: string };
        if (proves(request.headers, secret)) done();
        else void reply.code(403).send({ error: 'refused' });
      },
      handler: (request, reply) => handle(request, reply, parts),
    });
  }
}

/** EMQX repeats a request that is answered 5xx, and no other: only what has changed nothing is answered so. */
async function handle(
  request: FastifyRequest,
  reply: FastifyReply,
  { store, publish, log }: EmqxProvisioning,
): Promise<FastifyReply> {
  let asked: Asked;
  try {
    asked = read(request);
  } catch (error) {
    if (!isThingPassError(error, 'request_unreadable')) throw error;
    log.warn({ broker: 'emqx', problem: error.message }, 'a provisioning request was not understood');
    return reply.code(400).send({ error: error.message });
  }
  const { clientId, answerTo, payload } = asked;
  let json: Record<string, unknown> | undefined;
  try {
    const response = await provision(parse(payload), await store());
    log.info({ broker: 'emqx', clientId, status: response.status }, 'a provisioning request was decided');
    json = provisionResponseJson(response);
  } catch (error) {
    log.error({ err: error, broker: 'emqx', clientId }, 'a provisioning request could not be decided');
    return reply.code(503).send({ error: 'unavailable' });
  }
  if (json === undefined) return reply.send({ result: 'unanswered' });
  const message: Message = { topic: answerTo, payload: JSON.stringify(json), qos: 1, retain: false };
  if (publish === undefined) return reply.send(message);
  try {
    await publish(message);
    return reply.send({ result: 'answered' });
  } catch (error) {
    log.error(
      { err: error, broker: 'emqx', clientId },
      'the answer to a provisioning request was not published',
    );
    return reply.send({ result: 'unanswered' });
  }
}

interface Asked {
  readonly clientId: string;
  readonly answerTo: string;
  readonly payload: Buffer;
}

const REQUEST = '/provision/request';
const RESPONSE = '/provision/response';

/**
 * The answer goes to the tree that the request came from, and only where that is one we gave to a single session: on a
 * topic that others can subscribe to, they would read the new credentials.
 */
function read(request: FastifyRequest): Asked {
  const { method, headers, url } = request;
  const mark = url.indexOf('?');
  const query = mark === -1 ? '' : url.slice(mark + 1);
  const body = (request.body as Buffer | undefined) ?? Buffer.alloc(0);
  const fields = readFields({ method, query, headers, body });
  const topic = fields.required('topic');
  const mount = topic.endsWith(REQUEST) ? topic.slice(0, -REQUEST.length) : '';
  if (!PROVISIONING_TREE.test(mount)) {
    throw new ThingPassError(
      'request_unreadable',
      'field topic is not /provision/request below the mount point of a provisioning session',
    );
  }
  const payload = Buffer.from(fields.required('payload'), 'base64');
  if (payload.length > LARGEST_REQUEST)
    throw new ThingPassError('request_unreadable', 'field payload is too long');
  return { clientId: fields.text('clientid') ?? '', answerTo: mount + RESPONSE, payload };
}

/** What is no JSON is decided as such: ThingsBoard answers it too. */
function parse(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString('utf8'));
  } catch {
    return undefined;
  }
}
