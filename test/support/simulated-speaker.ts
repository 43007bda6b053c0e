import { DIALECT_OF } from '../../src/brokers/registry.ts';
import type { BrokerProduct } from '../../src/model/question.ts';
import { SIMULATED_BROKERS } from '../../src/tools/broker-simulator/brokers.ts';
import type {
  Answer,
  Asked,
  SimulatedClient,
  WantedTopic,
} from '../../src/tools/broker-simulator/simulated-broker.ts';
import type { Speaker } from './speakers.ts';

/**
 * A broker as its simulator plays it, for those that need no words of their own here: most do not. Unlike a broker, it goes on
 * behind a refusal, as for a client that got in some other way.
 */
export function simulatedSpeaker(
  broker: BrokerProduct,
  url: string,
  client: SimulatedClient,
  secret: string,
): Speaker {
  async function play(request: WantedTopic | undefined): Promise<boolean[]> {
    const session = SIMULATED_BROKERS[broker](client, request, secret);
    const allowed: boolean[] = [];
    let answer: Answer | undefined;
    for (;;) {
      const { done, value: step } = session.next(answer as Answer);
      if (done) return allowed;
      answer = 'asked' in step ? await send(url, step.asked) : undefined;
      const { allows } = 'asked' in step ? step.read(answer as Answer) : step.verdict;
      allowed.push(allows === (step.wanted ?? true));
    }
  }
  const { endpoints, sendsAclAtConnect = false } = DIALECT_OF[broker];
  const connect = async () => (await play(undefined)).every((one) => one);
  if (!sendsAclAtConnect && !endpoints.some(({ name }) => name === 'topic')) return { connect };
  return { connect, topic: async (action, topic) => (await play({ action, topic })).at(-1) ?? false };
}

/** The first request of a CONNECT. */
export function simulatedConnect(broker: BrokerProduct, client: SimulatedClient): Asked {
  const { value: step } = SIMULATED_BROKERS[broker](client, undefined, '').next();
  if (step === undefined || !('asked' in step)) throw new Error(`${broker} asks nothing at a CONNECT`);
  return step.asked;
}

async function send(url: string, { path, headers, body }: Asked): Promise<Answer> {
  const response = await fetch(url + path, { method: 'POST', headers, body });
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    body: await response.text(),
  };
}
