import helmet from '@fastify/helmet';
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import { ApiKeys } from '../../fleet/devices/api-key.ts';
import type { ProvisionStore } from '../../fleet/devices/provision/provision-store.ts';
import { ThingPassError } from '../../model/errors.ts';
import { registerCaBundleFiles } from './ca-bundle-file.ts';
import { registerDocumentation, STYLE_HASH } from './documentation-page.ts';
import { type ImportSettings, Imports } from './imports.ts';
import { OPERATIONS } from './operations.ts';
import { registerProvision } from './provision-route.ts';
import { type OperationParts, registerOperations, sendProblem } from './routes.ts';
import { registerThingsBoard } from './thingsboard/routes.ts';

export interface ManagementParts extends Omit<OperationParts, 'keys' | 'imports'> {
  /** How uploaded files are imported. */
  readonly importSettings: ImportSettings;
  /** Where provisioning over HTTP is switched on. */
  readonly provisionStore?: (() => Promise<ProvisionStore>) | undefined;
  readonly log: FastifyBaseLogger;
  readonly now?: () => number;
}

/**
 * What people and their programs use, apart from brokers: the API, provisioning and the documentation. It is an app of its
 * own, that can be asked through `inject` where there is no socket. Security headers are for this one only: browsers read
 * them, brokers do not, and they cost more than a decision.
 */
export async function buildManagement(parts: ManagementParts): Promise<FastifyInstance> {
  const app = Fastify({
    loggerInstance: parts.log,
    logController: new LogController({ disableRequestLogging: true }),
    childLoggerFactory: (logger) => logger,
    exposeHeadRoutes: false,
    requestIdHeader: false,
    routerOptions: { maxParamLength: 1_000, ignoreTrailingSlash: true },
    frameworkErrors: (_error, request, reply) =>
      void sendProblem(new ThingPassError('request_invalid', 'the path cannot be read'), request, reply),
  });
  await app.register(helmet, { contentSecurityPolicy: CONTENT_POLICY });
  app.decorateRequest('caller', null);
  app.setErrorHandler(sendProblem);
  app.setNotFoundHandler((request, reply) =>
    sendProblem(new ThingPassError('route_not_found'), request, reply),
  );

  const { provisionStore } = parts;
  if (provisionStore !== undefined) {
    await app.register(
      async (scope) => {
        // A device may call its JSON what it likes.
        readBytes(scope);
        registerProvision(scope, provisionStore);
      },
      { prefix: '/api/v1' },
    );
  }
  registerDocumentation(app);
  const keys = new ApiKeys(async () => (await parts.store()).apiKeys, parts.now);
  registerCaBundleFiles(app, { store: parts.store, keys });
  const operationParts = { ...parts, keys, imports: new Imports(parts.importSettings) };
  await app.register(
    async (scope) => {
      readOnlyJson(scope);
      registerOperations(
        scope,
        OPERATIONS.filter(({ upload }) => upload === undefined),
        operationParts,
      );
    },
    { prefix: '/api/v1' },
  );
  await app.register(
    async (scope) => {
      readBytes(scope);
      registerOperations(
        scope,
        OPERATIONS.filter(({ upload }) => upload !== undefined),
        operationParts,
      );
    },
    { prefix: '/api/v1' },
  );
  await app.register(
    async (scope) => {
      readOnlyJson(scope);
      registerThingsBoard(scope, { ...parts, keys });
    },
    { prefix: '/api' },
  );
  return app;
}

/**
 * The pages have one style and no scripts, pictures or forms. Not helmet's defaults: they turn links into https, which most
 * installations do not speak themselves.
 */
const CONTENT_POLICY = {
  useDefaults: false,
  directives: {
    defaultSrc: ["'none'"],
    styleSrc: [STYLE_HASH],
    baseUri: ["'none'"],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
  },
};

function readBytes(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
}

/** JSON and nothing else; names that would reach an object's prototype are refused. */
function readOnlyJson(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser(
    'application/json',
    { parseAs: 'string' },
    scope.getDefaultJsonParser('error', 'error'),
  );
}
