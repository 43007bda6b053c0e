import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { SwitchedOnForm } from '../certificates/header-certificates.ts';
import { type BrokerConfig, ConfigError } from '../config.ts';
import type { Decider, DeciderSettings } from '../decider.ts';
import { type Decision, deny, unavailable } from '../decision.ts';
import type { DecisionLog } from '../operations/decision-log.ts';
import type { Shedding } from '../operations/load/shedding.ts';
import type { DecisionMetrics, EndpointMetrics } from '../operations/metrics/decision-metrics.ts';
import type { BrokerName } from '../question.ts';
import { switchOnForms } from './check-forms.ts';
import type { Dialect, Endpoint, Question, WebhookReply } from './dialect.ts';
import { RequestUnreadable } from './dialect.ts';
import { createGuard } from './guard.ts';

export interface WebhookParts {
  readonly brokers: Readonly<Record<BrokerName, BrokerConfig>>;
  readonly decider: Decider;
  readonly decisionLog: DecisionLog;
  readonly decisionMetrics: DecisionMetrics;
  /** Refuses questions while there is too much to do. */
  readonly shedding?: Shedding | undefined;
  /** Told of the address from which a broker asks, whenever it is another one than before. */
  readonly onCaller?: ((address: string | undefined) => void) | undefined;
}

/**
 * Gives every endpoint of a dialect its routes: the plain path, and one with the broker's secret as a path segment for
 * brokers that can send it no other way. Whatever goes wrong here, the broker gets an answer in its own language.
 */
export function registerWebhooks(app: FastifyInstance, dialect: Dialect, parts: WebhookParts): void {
  refuseMounting(dialect, parts.brokers[dialect.broker]);
  const headerForms = formsFor(dialect, parts.brokers[dialect.broker]);
  for (const endpoint of dialect.endpoints) {
    const route = new WebhookRoute(dialect, endpoint, headerForms, parts);
    for (const url of [endpoint.path, `/k/:secret${endpoint.path}`]) {
      app.route({
        url,
        method: [...endpoint.methods],
        onRequest: (request, reply, done) => route.guard(request, reply, done),
        handler: (request, reply) => route.handle(request, reply),
        errorHandler: (error, request, reply) => route.fail(error, request, reply),
      });
    }
  }
}

/** @throws {ConfigError} where devices would be granted topics that the broker cannot keep apart. */
function refuseMounting({ broker, canMountDevicesApart }: Dialect, settings: BrokerConfig): void {
  if (!settings.mountsDevicesApart || canMountDevicesApart) return;
  throw new ConfigError([
    `THINGPASS_MOUNTED_BROKERS names ${broker}, which has one topic tree for all: a device that may subscribe to v1/devices/me/… there would read everybody’s messages`,
  ]);
}

/** @throws {ConfigError} for a form that the dialect cannot bring. */
function formsFor(dialect: Dialect, broker: BrokerConfig): readonly SwitchedOnForm[] {
  try {
    return switchOnForms(dialect, broker.certificateForms, broker.formSettings);
  } catch (error) {
    throw new ConfigError([`THINGPASS_CERTIFICATE_FORMS: ${(error as Error).message}`]);
  }
}

const LARGEST_BODY_OF_GET = 2 * 1024 * 1024;

class WebhookRoute {
  readonly #broker: BrokerName;
  readonly #endpoint: Endpoint;
  readonly #settings: DeciderSettings;
  readonly #parts: WebhookParts;
  readonly #proves: ReturnType<typeof createGuard>;
  readonly #metrics: EndpointMetrics;
  #lastCaller: string | undefined;

  constructor(
    dialect: Dialect,
    endpoint: Endpoint,
    headerForms: readonly SwitchedOnForm[],
    parts: WebhookParts,
  ) {
    const { broker, carriesPassport = false, tellsRights = false, authorizationIsClients } = dialect;
    const { believesPeerAddress } = dialect;
    this.#broker = broker;
    this.#endpoint = endpoint;
    this.#parts = parts;
    this.#settings = {
      ...parts.brokers[broker],
      carriesPassport,
      tellsRights,
      headerForms,
      believesPeerAddress,
    };
    this.#metrics = parts.decisionMetrics.endpoint(broker, endpoint.name);
    this.#proves = createGuard(parts.brokers[broker].secrets, authorizationIsClients);
  }

  /** The broker proves itself, and what is too much is refused, before the body is read. */
  guard(request: FastifyRequest, reply: FastifyReply, done: () => void): void {
    const { secret } = request.params as { secret?: string };
    if (!this.#proves(request.headers, secret)) {
      this.#send(reply, deny('guard_refused'), undefined, request);
    } else if (this.#parts.shedding?.refuses()) {
      this.#send(reply, unavailable('overloaded'), undefined, request);
    } else {
      done();
    }
  }

  async handle(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const startedAt = performance.now();
    this.#parts.shedding?.begin();
    let question: Question | undefined;
    let decision: Decision;
    try {
      const method = request.method;
      const bodiless = method === 'GET' || method === 'HEAD';
      const body = bodiless ? await readBodyOfGet(request) : ((request.body as Buffer | undefined) ?? EMPTY);
      const { headers, url, raw } = request;
      const peer = raw.socket.remoteAddress;
      if (peer !== this.#lastCaller) {
        this.#lastCaller = peer;
        this.#parts.onCaller?.(peer);
      }
      const asked = {
        method,
        query: queryOf(url),
        headers,
        rawHeaders: raw.rawHeaders,
        peer,
        body,
      };
      question = this.#endpoint.read(asked, this.#settings);
      decision = await this.#parts.decider.decide(question, this.#settings);
    } catch (error) {
      decision = this.#decideFailure(error, request);
    } finally {
      this.#parts.shedding?.end();
    }
    return this.#send(reply, decision, question, request, startedAt);
  }

  /** Errors of the framework, such as a body over the limit. */
  fail(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    this.#send(reply, this.#decideFailure(error, request), undefined, request);
  }

  #decideFailure(error: unknown, request: FastifyRequest): Decision {
    if (error instanceof RequestUnreadable) {
      return deny('request_unreadable', [{ step: 'read_request', said: error.message }]);
    }
    const status = (error as { statusCode?: number }).statusCode;
    if (status !== undefined && status >= 400 && status < 500) {
      return deny('request_unreadable', [
        { step: 'read_request', said: (error as { code?: string }).code ?? 'refused' },
      ]);
    }
    request.log.error(
      { err: error, requestId: request.id, broker: this.#broker, endpoint: this.#endpoint.name },
      'a webhook failed',
    );
    return unavailable('internal_error');
  }

  #send(
    reply: FastifyReply,
    decision: Decision,
    question: Question | undefined,
    request: FastifyRequest,
    startedAt?: number,
  ): FastifyReply {
    let answer: WebhookReply;
    try {
      answer = this.#endpoint.answer(decision, question);
    } catch (error) {
      answer = this.#endpoint.answer(this.#decideFailure(error, request), undefined);
    }
    this.#parts.decisionLog.record(this.#broker, this.#endpoint.name, decision, question, request.id);
    this.#metrics.decided(decision, startedAt === undefined ? 0 : performance.now() - startedAt);
    return reply.code(answer.status).headers(answer.headers).send(answer.body);
  }
}

const EMPTY = Buffer.alloc(0);

function queryOf(url: string): string {
  const mark = url.indexOf('?');
  return mark === -1 ? '' : url.slice(mark + 1);
}

/**
 * Fastify reads no body of a GET; mosquitto-go-auth sends one (`mosquitto.md` section 2). What is over the limit is read on and
 * dropped, or the connection would stay as it is for as long as the request may take.
 * @throws {RequestUnreadable} for a body that is too large, or cut.
 */
function readBodyOfGet({ headers, raw }: FastifyRequest): Promise<Buffer> | Buffer {
  if (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) return EMPTY;
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] = [];
    let length = 0;
    raw.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= LARGEST_BODY_OF_GET) chunks.push(chunk);
      else {
        chunks = [];
        reject(new RequestUnreadable('the body is too large'));
      }
    });
    raw.once('end', () => resolve(Buffer.concat(chunks)));
    raw.once('error', () => reject(new RequestUnreadable('the body is cut')));
  });
}
