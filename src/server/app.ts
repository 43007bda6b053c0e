import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import { registerForwarding } from './forwarding.ts';
import { type Health, registerHealth } from './health.ts';
import { MANAGEMENT_PATHS, registerManagement } from './management/plugin.ts';
import type { ManagementParts } from './management/server.ts';
import { registerMetrics } from './metrics/endpoint.ts';
import type { MetricFamily } from './metrics/family.ts';
import type { ProcessGroup } from './process-group/group.ts';
import type { RequestsUnderWay } from './under-way.ts';
import { type EmqxProvisioning, registerEmqxProvision } from './webhooks/emqx-provision.ts';
import { createWebhooks, refuseUnroutable, registerWebhooks } from './webhooks/plugin.ts';
import { LARGEST_BODY, type WebhookParts } from './webhooks/webhook.ts';

export interface AppParts extends WebhookParts {
  readonly health: Health;
  /** Told of requests other than to webhooks, which `shedding` counts. */
  readonly underWay?: RequestsUnderWay | undefined;
  /** The processes of which this app is a part. */
  readonly processes: ProcessGroup;
  /** The metrics of the whole server. */
  readonly metrics: () => Promise<readonly MetricFamily[]>;
  /** Where EMQX may forward requests of provisioning sessions. */
  readonly emqxProvisioning?: Omit<EmqxProvisioning, 'log'> | undefined;
  /** Of no use in a worker, which answers brokers only. */
  readonly management?: Omit<ManagementParts, 'log'> | undefined;
}

/**
 * What the server demands of HTTP, and what it puts up with. Brokers keep their connections for ever and lose a CONNECT
 * when the server closes one just then (`brokers/mosquitto/mosquitto.md` section 5), so idle ones stay; TCP's own probes find the
 * dead. A request must come whole within ten seconds, for which Node looks by itself twice a minute only.
 * @internal
 */
export const HTTP_OPTIONS = {
  bodyLimit: LARGEST_BODY,
  requestTimeout: 10_000,
  keepAliveTimeout: 0,
  connectionTimeout: 0,
  // Longer than any secret in a path may be, and than the client ids that EMQX puts into paths.
  routerOptions: { maxParamLength: 1_000, compile: true },
  http: {
    maxHeaderSize: 128 * 1024,
    keepAlive: true,
    keepAliveInitialDelay: 60_000,
    headersTimeout: 10_000,
    connectionsCheckingInterval: 1_000,
  },
} as const;

const UNREADABLE_PATH = JSON.stringify({ type: 'about:blank', title: 'Bad Request', status: 400 });

/**
 * The app out of its parts: webhooks, and Fastify for everything else; serving and tests both use it. Of a server of several processes, workers answer brokers and
 * hand management requests to the primary, whose app answers nothing else.
 */
export async function buildApp(parts: AppParts): Promise<FastifyInstance> {
  const { processes, management, emqxProvisioning, underWay, log } = parts;
  const webhooks = processes.role === 'primary' ? [] : createWebhooks(parts);
  const app = Fastify({
    ...HTTP_OPTIONS,
    // A line per request costs half of the throughput, and a logger that writes none still a twentieth: decisions are logged by
    // themselves, and whatever else has something to say has the log.
    logger: false,
    exposeHeadRoutes: false,
    // No route here has a schema, and Ajv would be a tenth of the start.
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
    // RabbitMQ repeats a request answered 503 for as long as it is (`brokers/rabbitmq/rabbitmq.md` section 2).
    return503OnClosing: false,
    requestIdHeader: false,
    frameworkErrors: (_error, request, reply: FastifyReply) => {
      if (refuseUnroutable(webhooks, request, reply)) return;
      // A path that cannot be read is not repeated either.
      reply.code(400).type('application/problem+json').send(UNREADABLE_PATH);
    },
  });
  // What forwards a request reads its body as bytes.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));

  // The answer repeats nothing of the path: a broker's secret may stand in it.
  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ error: 'not found' }));
  registerWebhooks(app, webhooks);
  await app.register(async (others) => {
    others.addHook('onRequest', (request, reply, done) => {
      underWay?.watch(request.raw, reply.raw);
      done();
    });
    if (processes.role === 'worker') registerForwarding(others, MANAGEMENT_PATHS, processes, log);
    else if (management !== undefined) registerManagement(others, { ...management, log });
    if (processes.role === 'primary') return;
    registerHealth(others, parts.health, log);
    registerMetrics(others, parts.metrics);
    if (emqxProvisioning !== undefined) registerEmqxProvision(others, { ...emqxProvisioning, log });
  });
  return app;
}

function noSchemas(): never {
  throw new Error('routes of brokers have no schemas');
}
