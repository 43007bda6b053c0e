import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { emqx } from '../../src/brokers/emqx/dialect.ts';
import { type Decision, deny } from '../../src/model/decision.ts';
import { type EmqxOutcome, emqxReads } from '../../src/tools/broker-simulator/emqx-reads.ts';
import { ALLOW, EVERY_DECISION, SCRAM_KEYS } from '../support/decisions.ts';
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
  readonly outcome: { readonly result: EmqxOutcome };
  readonly observed_on: readonly string[];
}

const PATHS = { authn: '/emqx/authentication', authz: '/emqx/authorization', scram: '/emqx/scram' } as const;
const NOW = Math.floor(Date.now() / 1_000);

/** What was meant by an answer of ours; EMQX has one word for all refusals at CONNECT. */
function intended(check: Check, decision: Decision): EmqxOutcome {
  const { outcome } = decision;
  const scramKeys = 'scramKeys' in decision ? decision.scramKeys : undefined;
  // Where keys are told, the client that has their password gets in.
  if (check === 'scram') return scramKeys === undefined ? 'not_authorized' : 'allow';
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
  const told = check === 'scram' ? [ALLOW, ...allows, deny('credentials_unknown')] : [];
  const withKeys = told.map((decision) => ({ ...decision, scramKeys: SCRAM_KEYS }) as Decision);
  return [...EVERY_DECISION, ...allows, ...withKeys].map((decision) => {
    const { status, headers, body } = endpoint.answer(decision, undefined);
    const answer = { status, headers, body };
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
    const headers = Object.fromEntries(
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
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Whether two answers are the same to EMQX as far as status, type and JSON body go, whatever times and texts it holds. */
function sameShape(ours: Reply, other: Reply): boolean {
  if (ours.status !== other.status) return false;
  if (ours.status !== 200) return true;
  const type = other.headers['content-type'];
  return ours.headers['content-type'] === type && shapeOf(ours.body) === shapeOf(other.body);
}

function shapeOf(body: string): string | undefined {
  try {
    const { result, expire_at: expireAt, client_attrs: attributes, ...rest } = JSON.parse(body);
    const { stored_key, server_key, salt, ...others } = rest;
    if (Object.keys(others).length > 0) return undefined;
    const keys = [stored_key, server_key, salt].map((key) => /^([0-9a-f]{2})+$/.test(key)).join(' ');
    const inFuture = Number.isInteger(expireAt) && expireAt > NOW && expireAt < NOW * 2;
    const time = expireAt === undefined ? '' : inFuture ? 'future' : String(expireAt);
    return `${result} ${keys} ${time} ${attributes === undefined ? '' : kindOf(attributes)}`;
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
  const seen = vectors.filter((row) => row.observed_on.length > 0 && row.response.delay_s === undefined);
  for (const check of ['authn', 'authz', 'scram'] as const) {
    for (const ours of ourAnswers(check)) {
      for (const { part, as } of partsOf(ours, check)) {
        const rows = seen.filter(({ check: of, response: { status = 0, headers = {}, body = '' } }) => {
          const filled = body.replaceAll(/\{(\(?NOW.*?)\}/g, (_, time: string) => unixTime(time));
          return of === as && sameShape(part, { status, headers, body: filled });
        });
        assert.ok(rows.length > 0, `nobody has seen ${as} ${part.status} ${part.body}`);
        for (const { outcome } of rows) assert.equal(outcome.result, ours.intended, part.body);
      }
    }
  }
});

/** An answer with several members, as one answer for each; what goes with keys is read as if it went with `result`. */
function partsOf(reply: Reply, check: Check): { part: Reply; as: Check }[] {
  const { result, stored_key, server_key, salt, ...members } = JSON.parse(reply.body);
  const keys = salt !== undefined;
  if (result === undefined && !keys) return [{ part: reply, as: check }];
  const written = (body: object) => ({ ...reply, body: JSON.stringify(body) });
  return [
    { part: written({ result, stored_key, server_key, salt }), as: check },
    ...Object.entries(members).map(([name, value]) => ({
      part: written({ result: keys ? 'allow' : result, [name]: value }),
      as: keys ? 'authn' : check,
    })),
  ];
}
