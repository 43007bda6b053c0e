import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { emqx } from '../../src/brokers/emqx.ts';
import type { Decision } from '../../src/decision.ts';
import { ALLOW, EVERY_DECISION } from '../support/decisions.ts';
import { emqxReads, type Outcome } from '../support/emqx-reads.ts';
import { GOLDEN, goldenFile, goldenJson } from '../support/golden.ts';

const RESPONSES = 'vectors/emqx/responses.json';

type Check = 'authn' | 'authz' | 'scram';

interface Row {
  readonly id: string;
  readonly check: Check;
  readonly response: {
    readonly status?: number;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
    readonly delay_s?: number;
  };
  readonly outcome: { readonly result: Outcome };
  readonly observed_on: readonly string[];
}

const PATHS = { authn: '/emqx/authentication', authz: '/emqx/authorization', scram: '/emqx/scram' } as const;
const NOW = Math.floor(Date.now() / 1_000);

/** What was meant by an answer of ours; EMQX has one word for all refusals at CONNECT. */
function intended(check: Check, { outcome }: Decision): Outcome {
  if (check === 'scram') return 'not_authorized';
  return outcome === 'allow' ? 'allow' : check === 'authz' ? 'not_allowed' : 'not_authorized';
}

/** Every answer that we can give, with all that an "allow" may carry. */
function ourAnswers(check: Check) {
  const endpoint = emqx.endpoints.find(({ path }) => path === PATHS[check]);
  assert.ok(endpoint);
  const device = { id: 'd', name: 'd', tenantId: 't', profileId: 'p', profileName: 'p', topics: {} };
  const expiresAt = (NOW + 600) * 1_000;
  const allows: Decision[] = [
    { ...ALLOW, passport: 'sealed' },
    { ...ALLOW, passport: 'sealed', device },
    { ...ALLOW, expiresAt },
    { ...ALLOW, passport: 'sealed', device, expiresAt },
  ];
  return [...EVERY_DECISION, ...allows].map((decision) => {
    const { status, headers, body } = endpoint.answer(decision, undefined);
    const answer = { status, headers: new Map(Object.entries(headers)), body };
    return { ...answer, intended: intended(check, decision) };
  });
}

goldenFile(
  RESPONSES,
  () => {
    const { vectors } = goldenJson<{ vectors: Row[] }>(RESPONSES);
    const answers = vectors.filter(
      ({ response, observed_on: seen }) => response.status !== undefined && seen.length > 0,
    );
    const rest = vectors.length - answers.length;
    console.log(
      `${RESPONSES}: ${vectors.length} rows, of which ${rest} are not about one answer that was seen`,
    );
    return answers;
  },
  ({ check, response, outcome }) => {
    const headers = new Map(
      Object.entries(response.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
    );
    const body = (response.body ?? '').replaceAll(/\{(\(?NOW.*?)\}/g, (_, time: string) => unixTime(time));
    const answer = { status: response.status ?? 0, headers, body };
    // The service had three seconds.
    const inTime = (response.delay_s ?? 0) < 3;
    const read = inTime
      ? emqxReads(check, answer, NOW)
      : check === 'authz'
        ? 'not_allowed'
        : 'not_authorized';
    assert.equal(read, outcome.result);
    if (!inTime) return;
    for (const ours of ourAnswers(check)) {
      if (sameShape(ours, answer)) assert.equal(ours.intended, outcome.result, ours.body);
    }
  },
);

/** `NOW-10`, `NOW+600`, `(NOW+60)*1000`. */
function unixTime(text: string): string {
  const [, offset = '', times = '1'] = /^\(?NOW([+-]\d+)\)?(?:\*(\d+))?$/.exec(text) ?? [];
  return String((NOW + Number(offset)) * Number(times));
}

interface Reply {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** Whether two answers are the same to EMQX as far as status, type and JSON body go, whatever times and texts it holds. */
function sameShape(ours: Reply, other: Reply): boolean {
  if (ours.status !== other.status) return false;
  if (ours.status !== 200) return true;
  const type = other.headers.get('content-type');
  return ours.headers.get('content-type') === type && shapeOf(ours.body) === shapeOf(other.body);
}

function shapeOf(body: string): string | undefined {
  try {
    const { result, expire_at: expireAt, client_attrs: attributes, ...others } = JSON.parse(body);
    if (Object.keys(others).length > 0) return undefined;
    const inFuture = Number.isInteger(expireAt) && expireAt > NOW && expireAt < NOW * 2;
    const time = expireAt === undefined ? '' : inFuture ? 'future' : String(expireAt);
    return `${result} ${time} ${attributes === undefined ? '' : kindOf(attributes)}`;
  } catch {
    return undefined;
  }
}

/** Attributes that are all texts are one kind, whatever they are called. */
function kindOf(attributes: unknown): string {
  const texts =
    attributes instanceof Object && Object.values(attributes).every((one) => typeof one === 'string');
  return texts && !Array.isArray(attributes) ? 'texts' : JSON.stringify(attributes);
}

test('every answer of ours is read by EMQX as it is meant', () => {
  for (const check of ['authn', 'authz', 'scram'] as const) {
    for (const ours of ourAnswers(check)) assert.equal(emqxReads(check, ours, NOW), ours.intended, ours.body);
  }
});

test('every part of our answers was seen at work on a real broker', (context) => {
  if (!existsSync(join(GOLDEN, RESPONSES))) return context.skip(`${RESPONSES} is not in ${GOLDEN}`);
  const { vectors } = goldenJson<{ vectors: Row[] }>(RESPONSES);
  for (const check of ['authn', 'authz', 'scram'] as const) {
    const seen = vectors.filter(
      (row) => row.check === check && row.observed_on.length > 0 && row.response.delay_s === undefined,
    );
    for (const ours of ourAnswers(check)) {
      for (const part of partsOf(ours)) {
        const rows = seen.filter(({ response: { status = 0, headers = {}, body = '' } }) => {
          const filled = body.replaceAll(/\{(\(?NOW.*?)\}/g, (_, time: string) => unixTime(time));
          return sameShape(part, { status, headers: new Map(Object.entries(headers)), body: filled });
        });
        assert.ok(rows.length > 0, `nobody has seen ${check} ${part.status} ${part.body}`);
        for (const { outcome } of rows) assert.equal(outcome.result, ours.intended, part.body);
      }
    }
  }
});

/** An answer with several members, as one answer for each. */
function partsOf(reply: Reply): Reply[] {
  const { result, ...members } = JSON.parse(reply.body);
  if (result === undefined) return [reply];
  const parts = Object.entries(members).map(([name, value]) => ({ result, [name]: value }));
  return [{ result }, ...parts].map((part) => ({ ...reply, body: JSON.stringify(part) }));
}
