import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ApiKeys } from '../../fleet/devices/api-key.ts';
import { ThingPassError } from '../../model/errors.ts';
import type { ManagementStore } from '../../storage/repositories/management-store.ts';
import { authenticate, requireScope } from './authenticate.ts';
import type { Call, Operation } from './operation.ts';
import { problemOf } from './problem.ts';
import { readQuery, type Validator, validator } from './validate.ts';

export interface RouteParts {
  /** Opened when first asked for. */
  readonly store: () => Promise<ManagementStore>;
  readonly keys: ApiKeys;
}

/** What operations are given besides. */
export interface OperationParts
  extends RouteParts,
    Omit<Call<never, never, never>, 'params' | 'query' | 'body' | 'upload' | 'ifMatch' | 'actor' | 'store'> {}

const LARGEST_BODY = 1024 * 1024;
/** As much as a worker takes to hand on. */
const LARGEST_UPLOAD = 2 * 1024 * 1024;
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE'] as const;

/**
 * Gives operations their routes. A caller without a key learns nothing else; then the scope, the form and last the matter are
 * looked at. Whatever is refused is a problem of RFC 9457, also what the framework refuses.
 */
export function registerOperations(
  scope: FastifyInstance,
  operations: readonly Operation[],
  parts: OperationParts,
): void {
  for (const path of new Set(operations.map((one) => one.path))) {
    const url = path.replace(/\{(\w+)\}/g, ':$1');
    const ofPath = operations.filter((one) => one.path === path);
    for (const one of ofPath) registerOperation(scope, url, one, parts);
    const methods = ofPath.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
    scope.route({
      url,
      method: METHODS.filter((method) => !methods.includes(method)),
      // Before a body is looked at, which may be of any type.
      onRequest: async () => {
        throw new ThingPassError('method_not_allowed', undefined, { allowed: methods });
      },
      handler: async () => undefined,
    });
  }
}

function registerOperation(scope: FastifyInstance, url: string, one: Operation, parts: OperationParts): void {
  const checks = checksOf(one);
  scope.route({
    url,
    method: one.method,
    bodyLimit: one.upload === undefined ? LARGEST_BODY : LARGEST_UPLOAD,
    exposeHeadRoute: one.method === 'GET',
    onRequest: async (request) => {
      const caller = await authenticate(parts.keys, request.headers, request.ip);
      requireScope(caller, one.scopes);
      request.setDecorator('caller', caller);
    },
    handler: async (request, reply) => {
      const { actor } = request.getDecorator<Awaited<ReturnType<typeof authenticate>>>('caller');
      const query = readQuery(request.query as Record<string, unknown>, one.query?.properties ?? {});
      checks.path(request.params);
      checks.query(query);
      if (one.body !== undefined) checks.body(request.body);
      const upload = one.upload === undefined ? Buffer.alloc(0) : readUpload(request, one.upload);
      const answer = await one.handle({
        params: request.params as Record<string, never>,
        query: query as Record<string, never>,
        body: request.body as never,
        upload,
        ifMatch:
          one.ifMatch === undefined ? undefined : readIfMatch(request.headers['if-match'], one.ifMatch),
        actor,
        store: await parts.store(),
        blocked: parts.blocked,
        decisions: parts.decisions,
        explain: parts.explain,
        imports: parts.imports,
        clientAuthorities: parts.clientAuthorities,
        deviceSessions: parts.deviceSessions,
        recentSessions: parts.recentSessions,
      });
      reply.code(answer.status).headers({ 'cache-control': 'no-store', ...answer.headers });
      return answer.body === undefined ? reply.send() : reply.send(answer.body);
    },
  });
}

/** @throws {ThingPassError} for an empty body, or one of another type. */
function readUpload({ body, headers }: FastifyRequest, types: readonly string[]): Buffer {
  const type = headers['content-type']?.split(';')[0]?.trim().toLowerCase() ?? '';
  if (!Buffer.isBuffer(body) || body.length === 0)
    throw new ThingPassError('body_unreadable', 'the body must be the file, and it is empty');
  if (!types.includes(type))
    throw new ThingPassError('content_type_unsupported', `a file is sent as ${types.join(', ')}`);
  return body;
}

/** What is not described is refused, so each part has a schema, if only one of nothing. */
function checksOf({ params, query, body }: Operation): Record<'path' | 'query' | 'body', Validator> {
  const nothing = { type: 'object', additionalProperties: false };
  return {
    path: validator('path', params ?? nothing),
    query: validator('query', query ?? nothing),
    body: validator('body', body ?? nothing),
  };
}

/**
 * The version that is to be replaced; `undefined` for `*`, which replaces whatever is there.
 * @throws {ThingPassError} `precondition_required` without the header, `precondition_failed` for a tag that is not ours.
 */
function readIfMatch(header: string | undefined, kind: 'required' | 'optional'): number | undefined {
  if (header === undefined && kind === 'required') throw new ThingPassError('precondition_required');
  if (header === undefined) return undefined;
  if (header.trim() === '*') return undefined;
  const version = /^\s*"(\d{1,15})"\s*$/.exec(header)?.[1];
  if (version === undefined) throw new ThingPassError('precondition_failed');
  return Number(version);
}

/** Answers an error as a problem; what nobody foresaw goes to the log and tells nothing. */
export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem = problemOf(error);
  if (problem.code === 'internal_error') {
    request.log.error(
      { err: error, requestId: request.id, route: request.routeOptions.url },
      'the API failed',
    );
  }
  return reply
    .code(problem.status)
    .headers({ 'cache-control': 'no-store', ...problem.headers })
    .type('application/problem+json')
    .send(JSON.stringify(problem.body));
}
