import assert from 'node:assert/strict';
import { test } from 'node:test';
import { vernemq } from '../../src/brokers/vernemq/dialect.ts';
import type { Decision } from '../../src/model/decision.ts';
import type { Question } from '../../src/model/question.ts';
import type { Answer } from '../../src/tools/broker-simulator/simulated-broker.ts';
import { vernemqReads } from '../../src/tools/broker-simulator/vernemq-reads.ts';
import { PLAIN_SETTINGS } from '../support/broker-settings.ts';
import { EVERY_DECISION } from '../support/decisions.ts';
import { goldenFile, goldenJson } from '../support/golden.ts';
import { HACKNEY_4, hookRequest, METER, vernemqCaches, vernemqGrants } from '../support/vernemq.ts';

const RESPONSES = 'vectors/vernemq/responses.json';
const CACHE = 'vectors/vernemq/cache.json';

interface Row {
  readonly hook: string;
  readonly case: string;
  readonly answer: Partial<Answer>;
  readonly decision: string;
}

/** First the tables against the plugin, then every answer of ours against the tables. */
goldenFile(
  RESPONSES,
  () => goldenJson<{ cases: Row[] }>(RESPONSES).cases,
  ({ hook, answer, decision }) => assert.equal(vernemqReads(hook, answer), decision),
);

interface CacheRow {
  readonly hook: string;
  readonly headers: readonly string[];
  readonly body: string;
  readonly calls: readonly { readonly asked?: boolean }[];
}

goldenFile(
  CACHE,
  () => goldenJson<{ cases: CacheRow[] }>(CACHE).cases,
  ({ hook, headers, body, calls }) => {
    const pairs = headers.map((header) => header.split(': ') as [string, string]);
    const cached = vernemqCaches(hook, { status: 200, body, headers: Object.fromEntries(pairs) });
    assert.equal(calls[1]?.asked, !cached);
  },
);

const REGISTER = { client_id: 'c', username: 'u', password: 'p', mountpoint: '' };
const PUBLISH = { client_id: 'c', username: 'u', mountpoint: '', topic: 'a', qos: 0, retain: false };
const SUBSCRIBE = { client_id: 'c', username: 'u', mountpoint: '', topics: [{ topic: 'a', qos: 0 }] };

const BODIES: Readonly<Record<string, object>> = {
  auth_on_register: REGISTER,
  auth_on_register_m5: REGISTER,
  auth_on_publish: PUBLISH,
  auth_on_publish_m5: PUBLISH,
  auth_on_subscribe: SUBSCRIBE,
  auth_on_subscribe_m5: SUBSCRIBE,
  on_auth_m5: {},
  on_unsubscribe: {},
  on_unsubscribe_m5: {},
  on_deliver: {},
  on_deliver_m5: {},
  on_register: {},
  on_publish: {},
  on_client_gone: {},
};

const SOON = { ...METER, expiresAt: Date.now() + 3_600_000 };
const FAR = { ...SOON, expiresAt: Date.now() + 1e15 };
const GONE = { ...SOON, expiresAt: Date.now() - 1 };

test('VerneMQ makes of every answer of ours what was decided, and keeps none', () => {
  const [endpoint] = vernemq.endpoints;
  assert.ok(endpoint);
  let answers = 0;
  for (const perDeviceMountpoint of [false, true]) {
    for (const [hook, body] of Object.entries(BODIES)) {
      const read = endpoint.read(hookRequest(hook, body), { ...PLAIN_SETTINGS, perDeviceMountpoint });
      for (const decision of [...EVERY_DECISION, SOON, FAR, GONE]) {
        const unread: Question | undefined = undefined;
        for (const question of [read, unread]) {
          const reply = endpoint.answer(
            question?.kind === 'settled' ? question.decision : decision,
            question,
          );
          assert.equal(reply.status, 200);
          assert.equal(vernemqCaches(hook, reply), false);
          assert.equal(
            vernemqReads(hook, reply).replace(' with modifiers', ''),
            meant(hook, decision, question),
          );
          answers++;
        }
      }
    }
  }
  console.log(`${RESPONSES}, ${CACHE}: ${answers} answers of ours read as meant`);
});

interface TopicsRow extends Row {
  readonly pluginReturns: string;
}

test('a list of filters refuses and grants what the plugin makes of it', () => {
  const rows = goldenJson<{ cases: TopicsRow[] }>(RESPONSES).cases.filter(
    ({ hook, answer, decision }) =>
      hook.startsWith('auth_on_subscribe') &&
      decision === 'allow with modifiers' &&
      // Refuses in some versions only, so it is never sent.
      !answer.body?.includes('135'),
  );
  assert.ok(rows.length >= 3);
  for (const { hook, case: name, answer, pluginReturns } of rows) {
    const body = JSON.parse(answer.body ?? '');
    const list: { topic: string }[] = body.topics ?? body.modifiers.topics;
    const grants = vernemqGrants(
      hook,
      answer,
      list.map(({ topic }) => topic),
    );
    const refused = pluginReturns.split('not_allowed').length - 1;
    assert.equal(grants.filter((granted) => !granted).length, refused, name);
  }
});

test('each filter is granted or refused by itself, in the form of its hook', () => {
  const [endpoint] = vernemq.endpoints;
  assert.ok(endpoint);
  const filters = ['a', '$share/g/b/+', 'c/#'];
  const options = { no_local: false, rap: true, retain_handling: 'send_if_new_sub' };
  const topics = filters.map((topic, qos) => ({ topic, qos, ...options }));
  for (const hook of ['auth_on_subscribe', 'auth_on_subscribe_m5']) {
    const question = endpoint.read(hookRequest(hook, { ...SUBSCRIBE, topics }, HACKNEY_4), PLAIN_SETTINGS);
    for (let bits = 1; bits < 8; bits++) {
      const granted = filters.map((_, at) => (bits & (1 << at)) !== 0);
      const reply = endpoint.answer({ ...METER, granted }, question);
      assert.deepEqual(vernemqGrants(hook, reply, filters), granted);
      assert.equal(vernemqCaches(hook, reply), false);
    }
  }
});

function meant(hook: string, decision: Decision, question: Question | undefined): string {
  const isConnect = question?.kind === 'connect';
  if (!hook.startsWith('auth_on_') && !/^on_(?:auth|unsubscribe|deliver)/.test(hook)) return 'next';
  if (question?.kind === 'settled' && hook !== 'auth_on_subscribe' && hook !== 'auth_on_subscribe_m5')
    return hook === 'on_auth_m5' ? 'error' : 'allow';
  // Where each device is to have its own mount point, this session has none.
  if (question?.kind === 'settled') return 'error';
  if (decision === GONE && isConnect) return 'error';
  if (decision.outcome === 'allow') return 'allow';
  return decision.outcome === 'no_opinion' && isConnect ? 'next' : 'error';
}
