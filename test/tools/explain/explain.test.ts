import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DIALECTS } from '../../../src/brokers/registry.ts';
import { type Decision, deny, unavailable } from '../../../src/model/decision.ts';
import type { BrokerName } from '../../../src/model/question.ts';
import { connackSeen } from '../../../src/tools/explain/explain.ts';
import { suggest } from '../../../src/tools/explain/suggestion.ts';
import { ALLOW, EVERY_DECISION } from '../../support/decisions.ts';
import { goldenFile, goldenJson } from '../../support/golden.ts';

/* What we say that a client sees, against what clients saw of real brokers, or where none was run, what their sources do. */

const DENY = deny('credentials_unknown');
const UNAVAILABLE = unavailable('timed_out');
const NO_OPINION: Decision = { ...DENY, outcome: 'no_opinion' };
const OUTCOMES = [ALLOW, DENY, UNAVAILABLE, NO_OPINION];

interface Said {
  readonly mqtt3: number | undefined;
  readonly mqtt5: number | undefined;
  readonly text: string;
  readonly status: number;
  readonly body: string;
}

/** What we answer a broker's endpoint, and what we say that its client sees. */
function detail(broker: BrokerName, decision: Decision, path?: string): Said {
  const endpoints = DIALECTS.find((one) => one.broker === broker)?.endpoints ?? [];
  const endpoint = path === undefined ? endpoints[0] : endpoints.find((one) => one.path === path);
  assert.ok(endpoint, broker);
  const { status, body } = endpoint.answer(decision, undefined);
  const text = connackSeen(broker, endpoint.name, decision, status) ?? '';
  const mqtt3 = /^CONNACK (\d+)/.exec(text)?.[1];
  const mqtt5 = /MQTT 5: 0x([0-9a-f]+)/.exec(text)?.[1];
  return {
    mqtt3: mqtt3 === undefined ? undefined : Number(mqtt3),
    mqtt5: mqtt5 === undefined ? (mqtt3 === '0' ? 0 : undefined) : Number.parseInt(mqtt5, 16),
    text,
    status,
    body,
  };
}

/** One broker's file as one case, so that each says how much of it was compared. */
function compare(file: string, check: (content: never) => number): void {
  goldenFile(
    file,
    () => [goldenJson<never>(file)],
    (content) => {
      assert.ok(check(content) > 0, 'nothing was compared');
    },
  );
}

interface Answer {
  readonly status?: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const isJson = ({ headers = {} }: Answer): boolean =>
  /^application\/json\b/.test(headers['content-type'] ?? '');

interface EmqxRow {
  readonly check: string;
  readonly response: Answer & { readonly delay_s?: number };
  readonly outcome: { readonly connack_v311?: number; readonly connack_v5?: number };
}

compare('vectors/emqx/responses.json', ({ vectors }: { vectors: readonly EmqxRow[] }) => {
  let compared = 0;
  for (const decision of OUTCOMES) {
    const ours = detail('emqx', decision);
    for (const { check, response, outcome } of vectors) {
      if (check !== 'authn' || response.status !== ours.status || response.delay_s !== undefined) continue;
      if (ours.status === 200 && !(isJson(response) && response.body === ours.body)) continue;
      assert.deepEqual([ours.mqtt3, ours.mqtt5], [outcome.connack_v311, outcome.connack_v5], ours.text);
      compared++;
    }
  }
  return compared;
});

interface MosquittoCase {
  readonly check: string;
  readonly response_mode: string;
  readonly given?: Answer;
  readonly 'mqtt3.1.1': string;
  readonly mqtt5: string;
}

compare('vectors/mosquitto-go-auth/responses.json', ({ cases }: { cases: readonly MosquittoCase[] }) => {
  let compared = 0;
  for (const decision of OUTCOMES) {
    const ours = detail('mosquitto', decision);
    for (const one of cases) {
      const { check, response_mode: mode, given } = one;
      if (check !== 'user' || mode !== 'status' || given?.status !== ours.status || given.headers?.Location)
        continue;
      const seen = (code: number | undefined): string =>
        code === undefined ? 'connection closed, no packet' : `CONNACK ${code}`;
      assert.deepEqual([seen(ours.mqtt3), seen(ours.mqtt5)], [one['mqtt3.1.1'], one.mqtt5], ours.text);
      compared++;
    }
  }
  return compared;
});

interface NanomqEntry {
  readonly response: string;
  readonly mqtt: string;
  readonly observed: Readonly<Record<string, { readonly client: string }>>;
}

compare('vectors/nanomq/responses.json', ({ auth }: { auth: readonly NanomqEntry[] }) => {
  let compared = 0;
  for (const decision of OUTCOMES) {
    const ours = detail('nanomq', decision);
    for (const { response, observed } of auth) {
      if (response !== String(ours.status) && !(ours.status === 200 && response === '200-empty')) continue;
      for (const [version, { client }] of Object.entries(observed)) {
        const isNew = version.startsWith('0.25.');
        if (ours.status === 200) assert.match(client, /^CONNACK 20(02|..00)00/);
        else if (isNew) assert.equal(client, 'TCP closed without CONNACK');
        else assert.match(client, /^CONNACK 20..0087/);
        compared++;
      }
      if (ours.status !== 200)
        assert.match(
          ours.text,
          /^closed without a CONNACK \(0\.25\.2 and later\).*0x87 in every MQTT version$/,
        );
    }
  }
  return compared;
});

interface RabbitmqCase {
  readonly endpoint: string;
  readonly operation?: string;
  readonly answer: {
    readonly status?: number;
    readonly body?: string;
    readonly contentType?: string;
    readonly delayMs?: number;
  };
  readonly outcome: { readonly connack: number | null };
}

compare('vectors/rabbitmq/responses.json', ({ cases }: { cases: readonly RabbitmqCase[] }) => {
  let compared = 0;
  for (const name of ['user', 'vhost']) {
    for (const decision of OUTCOMES) {
      const ours = detail('rabbitmq', decision, `/rabbitmq/${name}`);
      for (const { endpoint, operation, answer, outcome } of cases) {
        const same =
          answer.status === ours.status && answer.body === ours.body && answer.delayMs === undefined;
        if (endpoint !== name || operation !== undefined || !same) continue;
        assert.equal(ours.mqtt3, outcome.connack, `${name}: ${ours.text}`);
        compared++;
      }
      // 3.12 and later, by their sources (`rabbitmq.md` section 2).
      assert.equal(ours.mqtt5, { 0: 0, 4: 0x86, 5: 0x87 }[ours.mqtt3 ?? -1]);
    }
  }
  return compared;
});

interface VernemqCase {
  readonly hook: string;
  readonly answer: { readonly status?: number; readonly body?: string };
  readonly client: { readonly connack: number | null };
}

compare('vectors/vernemq/responses.json', ({ cases }: { cases: readonly VernemqCase[] }) => {
  const shape = (body: string | undefined): string =>
    (body ?? '').replace(/"error":"[^"]*"/, '"error":"text"');
  let compared = 0;
  for (const decision of OUTCOMES) {
    const ours = detail('vernemq', decision);
    for (const { hook, answer, client } of cases) {
      if (answer.status !== ours.status || shape(ours.body) !== shape(answer.body)) continue;
      const code = { auth_on_register: ours.mqtt3, auth_on_register_m5: ours.mqtt5 }[hook];
      if (code === undefined) continue;
      assert.equal(code, client.connack, `${hook}: ${ours.text}`);
      compared++;
    }
  }
  return compared;
});

type Client = Readonly<Record<string, Readonly<Record<'v3' | 'v5', string>>>>;

/** These files say once what a client sees of each decision, and of each answer what the decision is. */
function compareDecisions(
  broker: BrokerName,
  auth: readonly {
    readonly answer: (Answer & { readonly body: string }) | null;
    readonly decision: string;
  }[],
  client: Client,
): number {
  let compared = 0;
  for (const decision of OUTCOMES) {
    const ours = detail(broker, decision);
    const word = wordOf(ours.body);
    for (const { answer, decision: meant } of auth) {
      if (answer?.status !== ours.status || !isJson(answer) || wordOf(answer.body) !== word) continue;
      const seen = client[meant];
      const [v3 = '', v5 = ''] = [seen?.v3 ?? '', seen?.v5 ?? ''].map((text) =>
        text.replaceAll('0x00', '0x0'),
      );
      if (ours.mqtt3 === undefined) assert.equal(meant, 'ignore');
      else assert.match(v3, new RegExp(`CONNACK ${ours.mqtt3}\\b`), ours.text);
      if (ours.mqtt5 !== undefined) assert.match(v5, new RegExp(`CONNACK 0x${ours.mqtt5.toString(16)}\\b`));
      compared++;
    }
  }
  return compared;
}

/** The `result` of a body that has none but our members: others, such as an end in the past, change what it means. */
function wordOf(body: string): string | undefined {
  try {
    const { result, acl, authRules, ...others } = JSON.parse(body);
    return Object.keys(others).length === 0 ? result : undefined;
  } catch {
    return undefined;
  }
}

for (const broker of ['tbmq', 'rmqtt'] as const) {
  compare(
    `vectors/${broker}/responses.json`,
    (content: { auth: Parameters<typeof compareDecisions>[1]; client: Client & { auth: Client } }) =>
      compareDecisions(broker, content.auth, broker === 'tbmq' ? content.client : content.client.auth),
  );
}

test('EMQX 4 sends what the status of the answer means to it', () => {
  const bad = deny('password_mismatch', [], { v3: 4, v5: 0x86 });
  const seen = [DENY, bad, deny('request_unreadable'), UNAVAILABLE, NO_OPINION, ALLOW].map(
    (decision) => detail('emqx4', decision).mqtt3,
  );
  assert.deepEqual(seen, [5, 4, 4, 3, 5, 0]);
});

test('every broker’s client sees something after every decision, and every refusal has a suggestion', () => {
  for (const { broker } of DIALECTS) {
    for (const decision of EVERY_DECISION) {
      if (broker !== 'forward_auth')
        assert.notEqual(detail(broker, decision).text, '', `${broker} ${decision.outcome}`);
      const suggestion = suggest(decision, { namesake: undefined, ignoredCertificate: false });
      assert.equal(suggestion === undefined, decision.outcome === 'allow');
    }
  }
});
