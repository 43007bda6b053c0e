import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify';
import { isThingPassError } from '../model/errors.ts';
import { problemOf } from './management/problem.ts';
import type { ProcessGroup } from './process-group/group.ts';
import { LARGEST_BODY } from './webhooks/webhook.ts';

/** What a person or program asked one of the workers, as the primary needs it. */
interface ForwardedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Uint8Array | undefined;
  /** The address that the connection came from. */
  readonly address: string | undefined;
}

interface ForwardedReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | number | undefined>>;
  readonly body: Uint8Array;
}

/** An import may take its time. */
const ANSWER_WITHIN_MS = 120_000;

/** What belongs to one connection, or is made anew for the next (RFC 9110 section 7.6.1). */
const PER_CONNECTION: ReadonlySet<string> = new Set([
  ...['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade'],
  ...['expect', 'content-length', 'date'],
]);

/** In a worker: hands requests for these paths to the primary, whole, and its replies back. */
export function registerForwarding(
  app: FastifyInstance,
  paths: readonly string[],
  processes: ProcessGroup,
  log: FastifyBaseLogger,
): void {
  const handler = (request: FastifyRequest, reply: FastifyReply) => forward(request, reply, processes, log);
  for (const url of paths) app.all(url, { bodyLimit: LARGEST_BODY, handler, errorHandler: sendProblem });
}

/** What the framework refuses before it can be handed on, such as a body that is too large, is a problem as the primary's are. */
function sendProblem(error: unknown, _request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem = problemOf(error);
  return reply.code(problem.status).type('application/problem+json').send(JSON.stringify(problem.body));
}

async function forward(
  request: FastifyRequest,
  reply: FastifyReply,
  processes: ProcessGroup,
  log: FastifyBaseLogger,
): Promise<FastifyReply> {
  const { raw } = request;
  const asked: ForwardedRequest = {
    method: request.method,
    url: request.url,
    headers: withoutConnection(raw.headers),
    body: request.body as Buffer | undefined,
    address: raw.socket.remoteAddress,
  };
  try {
    const { status, headers, body } = await processes.askPrimary<ForwardedReply>(
      'http',
      asked,
      ANSWER_WITHIN_MS,
    );
    return reply.code(status).headers(headers).send(body);
  } catch (error) {
    log.error({ err: error, route: request.routeOptions.url }, 'the primary did not answer a request');
    const [status, title] =
      isThingPassError(error, 'peer_unavailable') && error.data.why === 'silent'
        ? [504, 'Gateway Timeout']
        : [503, 'Service Unavailable'];
    return reply
      .code(status)
      .header('content-type', 'application/problem+json')
      .send(
        JSON.stringify({ type: 'about:blank', title, status, detail: 'the primary process did not answer' }),
      );
  }
}

/**
 * In the primary: answers what workers hand on.
 * @param app is given once it is ready; questions wait for it.
 */
export function answerForwarded(processes: ProcessGroup, app: Promise<FastifyInstance>): void {
  processes.handle('http', async (asked: ForwardedRequest): Promise<ForwardedReply> => {
    const { method, url, headers, body, address } = asked;
    const reply = await (await app).inject({
      method: method as HTTPMethods,
      url,
      headers: headers as Record<string, string | string[]>,
      ...(body === undefined ? {} : { payload: Buffer.from(body) }),
      ...(address === undefined ? {} : { remoteAddress: address }),
    });
    return { status: reply.statusCode, headers: withoutConnection(reply.headers), body: reply.rawPayload };
  });
}

function withoutConnection<Value>(headers: Readonly<Record<string, Value>>): Record<string, Value> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !PER_CONNECTION.has(name)));
}
