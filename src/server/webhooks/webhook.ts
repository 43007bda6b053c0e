import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from 'fastify';
import type { Dialect, Endpoint, EndpointSettings, WebhookReply } from '../../brokers/dialect.ts';
import type { BrokerConfig } from '../../config/config.ts';
import type { Decider } from '../../engine/deciding/decider.ts';
import { decisionOnError, requestUnreadable } from '../../engine/deciding/failure.ts';
import { type Decision, deny, unavailable } from '../../model/decision.ts';
import type { BrokerName, Question } from '../../model/question.ts';
import { type DecisionLog, requestIdOf } from '../logging/decision-log.ts';
import type { DecisionMetrics, EndpointMetrics } from '../metrics/decision-metrics.ts';
import type { Shedding } from '../shedding.ts';
import { createGuard } from './guard.ts';
import { readBody } from './read-body.ts';

export interface WebhookParts {
  readonly brokers: Readonly<Record<BrokerName, BrokerConfig>>;
  readonly decider: Decider;
  readonly decisionLog: DecisionLog;
  readonly decisionMetrics: DecisionMetrics;
  /** Refuses questions while there is too much to do. */
  readonly shedding?: Shedding | undefined;
  /** Told of the address from which a broker asks, whenever it is another one than before. */
  readonly onCaller?: ((address: string | undefined) => void) | undefined;
  readonly log: FastifyBaseLogger;
}

/** So much a broker may send; the largest is a chain of certificates. */
export const LARGEST_BODY = 2 * 1024 * 1024;

/** One endpoint of a dialect at work. Whatever goes wrong, the broker gets an answer in its own language. */
export class Webhook {
  readonly endpoint: Endpoint;
  readonly #broker: BrokerName;
  readonly #settings: EndpointSettings;
  readonly #parts: WebhookParts;
  readonly #isBroker: ReturnType<typeof createGuard>;
  readonly #metrics: EndpointMetrics;
  readonly #nextNumber: () => number;
  #lastCaller: string | undefined;

  /** @param nextNumber numbers the requests of all webhooks of this process. */
  constructor(
    dialect: Dialect,
    endpoint: Endpoint,
    settings: EndpointSettings,
    parts: WebhookParts,
    nextNumber: () => number,
  ) {
    const { broker, authorizationIsClients } = dialect;
    this.endpoint = endpoint;
    this.#broker = broker;
    this.#parts = parts;
    this.#settings = settings;
    this.#metrics = parts.decisionMetrics.endpoint(broker, endpoint.name);
    this.#isBroker = createGuard(parts.brokers[broker].secrets, authorizationIsClients);
    this.#nextNumber = nextNumber;
  }

  /**
   * Answers a request. The broker proves itself, and what is too much is refused, before the body is read.
   * @param failed is called instead of an answer when there is a bug; {@link fail} then answers.
   */
  answer({ raw, params }: FastifyRequest, reply: FastifyReply, failed: (error: Error) => void): void {
    if (!this.#isBroker(raw.headers, (params as { secret?: string }).secret)) {
      this.refuse(reply);
    } else if (this.#parts.shedding?.refuses()) {
      this.#send(reply, this.#nextNumber(), undefined, unavailable('overloaded'));
    } else {
      readBody(raw, LARGEST_BODY, (body) => {
        try {
          this.#ask(raw, body, reply, failed);
        } catch (error) {
          failed(error as Error);
        }
      });
    }
  }

  /** Answers somebody who did not prove to be the broker. */
  refuse(reply: FastifyReply): void {
    this.#send(reply, this.#nextNumber(), undefined, deny('guard_refused'));
  }

  /** Answers where something threw an error that nobody foresaw. */
  fail(error: unknown, reply: FastifyReply): void {
    const number = this.#nextNumber();
    this.#parts.log.error(
      { err: error, requestId: requestIdOf(number), broker: this.#broker, endpoint: this.endpoint.name },
      'a webhook failed',
    );
    this.#send(reply, number, undefined, unavailable('internal_error'));
  }

  #ask(
    request: IncomingMessage,
    body: Buffer | undefined,
    reply: FastifyReply,
    failed: (error: Error) => void,
  ): void {
    const number = this.#nextNumber();
    if (body === undefined) {
      // The rest of the body may be on its way.
      reply.raw.setHeader('connection', 'close');
      this.#send(reply, number, undefined, requestUnreadable('the body is too large'));
      return;
    }
    const startedAt = performance.now();
    const question = this.#read(request, body);
    if ('outcome' in question) {
      this.#send(reply, number, startedAt, question);
      return;
    }
    const decision = this.#parts.decider.decide(question, this.#settings);
    if (!(decision instanceof Promise)) {
      this.#send(reply, number, startedAt, decision, question);
      return;
    }
    const { shedding } = this.#parts;
    shedding?.begin();
    decision
      .finally(() => shedding?.end())
      .then((decided) => this.#send(reply, number, startedAt, decided, question))
      .catch(failed);
  }

  /** @returns the decision right away where the broker's request cannot be read. */
  #read(request: IncomingMessage, body: Buffer): Question | Decision {
    const { method = '', url = '', headers, rawHeaders } = request;
    const peer = request.socket.remoteAddress;
    if (peer !== this.#lastCaller) {
      this.#lastCaller = peer;
      this.#parts.onCaller?.(peer);
    }
    try {
      return this.endpoint.read(
        { method, query: queryOf(url), headers, rawHeaders, peer, body },
        this.#settings,
      );
    } catch (error) {
      const decision = decisionOnError(error);
      if (decision === undefined) throw error;
      return decision;
    }
  }

  /** @param startedAt when the request was there as a whole; `undefined` where it was refused before. */
  #send(
    reply: FastifyReply,
    number: number,
    startedAt: number | undefined,
    decision: Decision,
    question?: Question,
  ): void {
    const answer = this.endpoint.answer(decision, question);
    this.#parts.decisionLog.record(this.#broker, this.endpoint.name, decision, question, number);
    this.#metrics.decided(decision, startedAt === undefined ? 0 : performance.now() - startedAt);
    write(reply.raw, answer);
    reply.hijack();
  }
}

/** Writes head and body at once, in one packet and by one system call. */
function write(response: ServerResponse, { status, headers, body }: WebhookReply): void {
  const head: string[] = [];
  for (const name in headers) head.push(name, headers[name] as string);
  const length = Buffer.byteLength(body);
  head.push('content-length', String(length));
  response.writeHead(status, head);
  const { socket } = response;
  socket?.cork();
  // ASCII is the same in both, and need not be looked at byte by byte again.
  response.write(body, length === body.length ? 'latin1' : 'utf8');
  socket?.uncork();
  response.end();
}

function queryOf(url: string): string {
  const mark = url.indexOf('?');
  return mark === -1 ? '' : url.slice(mark + 1);
}
