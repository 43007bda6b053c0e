import type { WebhookRequest } from '../../src/brokers/dialect.ts';
import type { Allow } from '../../src/model/decision.ts';
import type { Answer } from '../../src/tools/broker-simulator/simulated-broker.ts';
import { vernemqReads } from '../../src/tools/broker-simulator/vernemq-reads.ts';
import { ALLOW } from './decisions.ts';
import { post } from './questions.ts';

/** Which of the filters asked about the client may have; the list of an answer takes their place, in its hook's own place. */
export function vernemqGrants(hook: string, answer: Partial<Answer>, asked: readonly string[]): boolean[] {
  const reading = vernemqReads(hook, answer);
  if (reading === 'allow') return asked.map(() => true);
  if (reading !== 'allow with modifiers') return asked.map(() => false);
  const body = JSON.parse(answer.body ?? '');
  const list: { topic: string; qos: number }[] = hook.endsWith('_m5') ? body.modifiers.topics : body.topics;
  // 135 refuses in MQTT 5 from 2.2 on; before, it grants.
  const refusals = [128];
  if (list.map(({ topic }) => topic).join(' ') !== asked.join(' ')) throw new Error('other filters');
  return list.map(({ qos }) => {
    if (!refusals.includes(qos) && ![0, 1, 2].includes(qos)) throw new Error(`QoS ${qos} is granted`);
    return !refusals.includes(qos);
  });
}

/** Whether an answer is kept: only what allows, and only for this text, wherever it stands (section 4). */
export function vernemqCaches(hook: string, answer: Partial<Answer>): boolean {
  if (!hook.startsWith('auth_on_')) return false;
  const reading = vernemqReads(hook, answer);
  if (reading !== 'allow' && reading !== 'allow with modifiers') return false;
  return Object.entries(answer.headers ?? {}).some(
    ([name, value]) => name.toLowerCase() === 'cache-control' && /(?<!s-)max-age=\d+/.test(value),
  );
}

/** A hook's request as VerneMQ makes it. */
export function hookRequest(
  hook: string,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): WebhookRequest {
  const own = { 'content-type': 'application/json', 'vernemq-hook': hook };
  return post(JSON.stringify(body), { ...own, ...headers });
}

/** By which 2.2 shows itself. */
export const HACKNEY_4 = { 'user-agent': 'hackney/4.7.2' };

export const METER_ID = '5c7a1b1e-1f6a-4a53-8d8f-b6f5a2f7c001';

/** A device that was let in, with the text that says so at its later requests. */
export const METER: Allow = {
  ...ALLOW,
  device: {
    id: METER_ID,
    name: 'Meter 7',
    tenantId: 't',
    profileId: 'p',
    profileName: 'default',
    topics: {},
  },
  passport: 'sealed_Text-7',
};
