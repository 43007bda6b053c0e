import {
  CONNECTS,
  describeWanted,
  RULES_DECIDE,
  type SimulatedBroker,
  type WantedTopic,
} from './simulated-broker.ts';
import { type TbmqReading, tbmqAllows, tbmqReads } from './tbmq-reads.ts';

const OUTCOMES = {
  SUCCESS: { allows: true, concludes: 'in: CONNACK 0' },
  FAILURE: { allows: false, concludes: 'out: CONNACK 5 (MQTT 5: 0x87, not authorized)' },
  SKIPPED: { allows: false, concludes: 'left to the next provider; without one: out' },
} as const;

function decide(reading: TbmqReading, { action, topic }: WantedTopic) {
  const rules = reading.outcome === 'SUCCESS' ? reading.authRules : { pub: [], sub: [] };
  if (rules === 'default') {
    return {
      allows: true,
      concludes: 'the answer has no rules: those of the provider hold, .* as installed',
    };
  }
  const allows = tbmqAllows(action === 'publish' ? rules.pub : rules.sub, topic);
  return { allows, concludes: `${allows ? 'allowed' : 'denied'} by the rules that came with the connect` };
}

/** TBMQ 2.3: one request for each session, whose answer decides topics too (`brokers/tbmq/tbmq.md` sections 1 to 3). */
export const tbmq: SimulatedBroker = function* ({ clientId, username, password = '' }, request, secret) {
  // Unescaped, as TBMQ fills its template: a quote in a password breaks it there, too.
  const body = `{"username":"${username}","password":"${password}","clientId":"${clientId}","commonName":""}`;
  const answer = yield {
    question: CONNECTS,
    asked: {
      path: '/tbmq',
      headers: { 'content-type': 'application/json', 'x-thingpass-secret': secret },
      body,
    },
    read: (given) => OUTCOMES[tbmqReads(given).outcome],
  };
  if (request === undefined) return;
  yield {
    question: describeWanted(request),
    verdict: decide(tbmqReads(answer), request),
    mend: RULES_DECIDE,
  };
};
