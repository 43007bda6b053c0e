import type { BrokerSettings, Question } from './brokers/dialect.ts';
import type { Decision } from './decision.ts';

/** Turns a broker-neutral question into a decision. Never throws: what goes wrong is a decision too. */
export interface Decider {
  decide(question: Question, settings: BrokerSettings): Promise<Decision>;
}
