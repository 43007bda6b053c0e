import { pino } from 'pino';
import type { Config } from '../../config/config.ts';
import type { Decider } from '../../engine/deciding/decider.ts';
import type { Decision } from '../../model/decision.ts';
import type { BrokerName, Question } from '../../model/question.ts';
import { buildApp } from '../../server/app.ts';
import type { AskedRequest } from '../../server/management/explanation.ts';
import { Metrics } from '../../server/metrics/metrics.ts';
import { singleProcess } from '../../server/process-group/group.ts';
import { toWire } from './asked-request.ts';
import { askWithoutNetwork, NoReply, type WireReply } from './without-network.ts';

/** What the endpoints made of a request. */
export interface AskedReply {
  /** Absent where the connection is closed without an answer, as for HTTP’s own CONNECT. */
  readonly reply?: WireReply | undefined;
  /** Absent where no endpoint of a broker has this method and path. */
  readonly decided?: {
    readonly broker: BrokerName;
    readonly endpoint: string;
    readonly decision: Decision;
    /** Absent where the request was refused before it was read, or could not be. */
    readonly question: Question | undefined;
  };
}

/** The brokers' endpoints as the server has them, from the HTTP parser and the guard on, reachable over no network. */
export interface AskedWebhooks {
  /** @throws {NotExplainable} for what no HTTP request can hold. @throws {TooManyExplained} */
  ask(request: AskedRequest, decider: Decider): Promise<AskedReply>;
  close(): Promise<void>;
}

/** Try again later. */
export class TooManyExplained extends Error {
  override readonly name = 'TooManyExplained';
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
      const bytes = toWire(request);
      if (waiting >= MOST_WAITING) throw new TooManyExplained('too many requests are being explained');
      waiting++;
      // One at a time, so that it is known whose decision is recorded.
      const answered = turn.then(async () => {
        decider = by;
        decided = undefined;
        const reply = await askWithoutNetwork(app.server, bytes, request.peer).catch(none);
        return { reply, ...(decided === undefined ? {} : { decided }) };
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

function none(error: unknown): undefined {
  if (!(error instanceof NoReply)) throw error;
}
