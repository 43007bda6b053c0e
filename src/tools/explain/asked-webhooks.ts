import { METHODS, validateHeaderName, validateHeaderValue } from 'node:http';
import type { HTTPMethods, InjectOptions } from 'fastify';
import { pino } from 'pino';
import type { Config } from '../../config/config.ts';
import type { Decider } from '../../engine/deciding/decider.ts';
import type { Decision } from '../../model/decision.ts';
import { ThingPassError } from '../../model/errors.ts';
import type { BrokerName, Question } from '../../model/question.ts';
import { buildApp } from '../../server/app.ts';
import type { AskedRequest } from '../../server/management/explanation.ts';
import { Metrics } from '../../server/metrics/metrics.ts';
import { singleProcess } from '../../server/process-group/group.ts';

/** What the endpoints made of a request. */
export interface AskedReply {
  /** Absent for HTTP’s own CONNECT, on which the connection is closed, and for a path with dot segments, which leads nowhere. */
  readonly reply?: { readonly status: number; readonly body: string } | undefined;
  /** Absent where no endpoint of a broker has this method and path. */
  readonly decided?: {
    readonly broker: BrokerName;
    readonly endpoint: string;
    readonly decision: Decision;
    /** Absent where the request was refused before it was read, or could not be. */
    readonly question: Question | undefined;
  };
}

/** The brokers' endpoints as the server has them, from the router and the guard on, reachable over no network. */
export interface AskedWebhooks {
  /** @throws {ThingPassError} `request_invalid` for what no HTTP request can hold, `overloaded`. */
  ask(request: AskedRequest, decider: Decider): Promise<AskedReply>;
  close(): Promise<void>;
}

/** More would keep the memory of their bodies. */
const MOST_WAITING = 16;

export async function openAskedWebhooks({ brokers }: Config): Promise<AskedWebhooks> {
  let decider: Decider;
  let decided: AskedReply['decided'];
  const app = await buildApp({
    brokers,
    decider: { decide: (question, settings) => decider.decide(question, settings) },
    decisionLog: {
      record: (broker, endpoint, decision, question) => {
        decided = { broker, endpoint, decision, question };
      },
    },
    decisionMetrics: new Metrics().decisions,
    health: { stopping: false, check: async () => undefined },
    metrics: async () => [],
    processes: singleProcess(),
    log: pino({ level: 'silent' }),
  });
  await app.ready();
  let turn: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  return {
    async ask(request, by) {
      const injected = toInject(request);
      if (waiting >= MOST_WAITING) throw new ThingPassError('overloaded');
      waiting++;
      // One at a time, so that it is known whose decision is recorded.
      const answered = turn.then(async () => {
        decider = by;
        decided = undefined;
        if (injected === undefined) return {};
        const { statusCode, payload } = await app.inject(injected);
        const reply = { status: statusCode, body: payload };
        return decided === undefined ? { reply } : { reply, decided };
      });
      turn = answered.catch(() => undefined);
      try {
        return await answered;
      } finally {
        waiting--;
      }
    },
    close: () => app.close(),
  };
}

const TARGET = /^\/[\x21-\x7e]*$/;
/** What is resolved as an address of the web before it is injected, and by no server: it has no such route. */
const RESOLVED = /^\/\/|\\|\/(\.|%2e){1,2}(\/|$)/i;
/** The body is handed over whole. */
const FRAMING: ReadonlySet<string> = new Set(['content-length', 'transfer-encoding']);

/**
 * The request as `inject` takes it; `undefined` for one that a server closes the connection on, or has no route for.
 * @throws {ThingPassError} `request_invalid` for what no HTTP request can hold.
 */
function toInject({ method, path, headers, body, peer = 'nobody' }: AskedRequest): InjectOptions | undefined {
  if (!METHODS.includes(method)) throw new ThingPassError('request_invalid', 'unknown HTTP method');
  if (!TARGET.test(path))
    throw new ThingPassError('request_invalid', 'the path cannot stand in a request line');
  const values = new Map<string, string[]>();
  for (const [name, value] of headers) {
    refuseUnsendable(name, value);
    const lowerCase = name.toLowerCase();
    if (FRAMING.has(lowerCase)) continue;
    values.set(lowerCase, [...(values.get(lowerCase) ?? []), value]);
  }
  const mark = path.indexOf('?');
  const [target, query] = mark === -1 ? [path, ''] : [path.slice(0, mark), path.slice(mark)];
  // Node closes the connection where nobody listens for `connect`.
  if (method === 'CONNECT' || RESOLVED.test(target)) return undefined;
  return {
    method: method as HTTPMethods,
    // A server reads on behind a `#`.
    url: target + query.replaceAll('#', '%23'),
    headers: Object.fromEntries(values),
    // Without an address it would be this machine's.
    remoteAddress: peer,
    payload: body,
  };
}

function refuseUnsendable(name: string, value: string): void {
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
  } catch {
    throw new ThingPassError('request_invalid', 'a header cannot stand in an HTTP request');
  }
}
