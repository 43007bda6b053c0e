import type { ServerResponse } from 'node:http';
import type { FastifyBaseLogger } from 'fastify';
import {
  type Dialect,
  type Endpoint,
  type Question,
  RequestUnreadable,
  type WebhookReply,
} from '../../brokers/dialect.ts';
import type { HttpRequest } from '../../brokers/http-request.ts';
import type { BrokerConfig } from '../../config/config.ts';
import type { EnabledForm } from '../../engine/certificates/header-certificates.ts';
import type { Decider, DeciderSettings } from '../../engine/deciding/decider.ts';
import { type Decision, deny, unavailable } from '../../model/decision.ts';
import type { BrokerName } from '../../model/question.ts';
import { type DecisionLog, requestIdOf } from '../logging/decision-log.ts';
import type { DecisionMetrics, EndpointMetrics } from '../metrics/decision-metrics.ts';
import type { Shedding } from '../shedding.ts';
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
  readonly log: FastifyBaseLogger;
}

/** One request on its way through. */
interface Exchange {
  readonly request: HttpRequest;
  readonly response: ServerResponse;
  /** Which of the process's requests it is. */
  readonly number: number;
  /** When the request was there as a whole; `undefined` where it was refused before. */
  readonly startedAt: number | undefined;
}

/** So much a broker may send; the largest is a chain of certificates. */
export const LARGEST_BODY = 2 * 1024 * 1024;

/** One endpoint of a dialect at work. Whatever goes wrong, the broker gets an answer in its own language. */
export class Webhook {
  readonly #broker: BrokerName;
  readonly #endpoint: Endpoint;
  readonly #settings: DeciderSettings;
  readonly #parts: WebhookParts;
  readonly #isBroker: ReturnType<typeof createGuard>;
  readonly #metrics: EndpointMetrics;
  #lastCaller: string | undefined;

  constructor(
    dialect: Dialect,
    endpoint: Endpoint,
    headerForms: readonly EnabledForm[],
    parts: WebhookParts,
  ) {
    const { broker, carriesPassport = false, sendsAclAtConnect = false, authorizationIsClients } = dialect;
    const { trustsPeerAddress } = dialect;
    this.#broker = broker;
    this.#endpoint = endpoint;
    this.#parts = parts;
    this.#settings = {
      ...parts.brokers[broker],
      carriesPassport,
      sendsAclAtConnect,
      headerForms,
      trustsPeerAddress,
    };
    this.#metrics = parts.decisionMetrics.endpoint(broker, endpoint.name);
    this.#isBroker = createGuard(parts.brokers[broker].secrets, authorizationIsClients);
  }

  /**
   * Answers a request. The broker proves itself, and what is too much is refused, before the body is read.
   * @param number which of the process's requests it is.
   * @param secret the broker's, where it came in the path.
   */
  answer(request: HttpRequest, response: ServerResponse, number: number, secret?: string): void {
    const refuse = (decision: Decision): void =>
      this.#send({ request, response, number, startedAt: undefined }, decision, undefined);
    if (!this.#isBroker(request.headers, secret)) {
      refuse(deny('guard_refused'));
    } else if (this.#parts.shedding?.refuses()) {
      refuse(unavailable('overloaded'));
    } else {
      request.collectBody(LARGEST_BODY, (body) => {
        if (body !== undefined) {
          this.#ask({ request, response, number, startedAt: performance.now() }, body);
          return;
        }
        // The rest of the body may be on its way.
        response.shouldKeepAlive = false;
        refuse(unreadable('the body is too large'));
      });
    }
  }

  #ask(exchange: Exchange, body: Buffer): void {
    const { request } = exchange;
    const { method = '', url = '', headers, rawHeaders } = request;
    const peer = request.socket.remoteAddress;
    if (peer !== this.#lastCaller) {
      this.#lastCaller = peer;
      this.#parts.onCaller?.(peer);
    }
    let question: Question;
    try {
      const asked = { method, query: queryOf(url), headers, rawHeaders, peer, body };
      question = this.#endpoint.read(asked, this.#settings);
    } catch (error) {
      this.#send(exchange, this.#decideFailure(error, exchange), undefined);
      return;
    }
    const decision = this.#parts.decider.decide(question, this.#settings);
    if (!(decision instanceof Promise)) {
      this.#send(exchange, decision, question);
      return;
    }
    this.#parts.shedding?.begin();
    void decision.then((decided) => {
      this.#parts.shedding?.end();
      this.#send(exchange, decided, question);
    });
  }

  #decideFailure(error: unknown, { number }: Exchange): Decision {
    if (error instanceof RequestUnreadable) return unreadable(error.message);
    this.#parts.log.error(
      { err: error, requestId: requestIdOf(number), broker: this.#broker, endpoint: this.#endpoint.name },
      'a webhook failed',
    );
    return unavailable('internal_error');
  }

  #send(exchange: Exchange, decision: Decision, question: Question | undefined): void {
    const { response, number, startedAt } = exchange;
    let answer: WebhookReply;
    try {
      answer = this.#endpoint.answer(decision, question);
    } catch (error) {
      answer = this.#endpoint.answer(this.#decideFailure(error, exchange), undefined);
    }
    this.#parts.decisionLog.record(this.#broker, this.#endpoint.name, decision, question, number);
    this.#metrics.decided(decision, startedAt === undefined ? 0 : performance.now() - startedAt);
    write(response, answer);
  }
}

function unreadable(detail: string): Decision {
  return deny('request_unreadable', [{ step: 'read_request', detail }]);
}

/** Head and body go to the socket as one text; `end` with the body would add an empty one, and a slower system call for two. */
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
