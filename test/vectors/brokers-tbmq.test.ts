import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { isReadByBoth, successWith, tbmqAnswer } from '../../src/brokers/tbmq/answer.ts';
import { compileRules } from '../../src/engine/access/rule-set.ts';
import { unavailable } from '../../src/model/decision.ts';
import { NO_CERTIFICATE } from '../../src/model/peer-certificate.ts';
import type { Question } from '../../src/model/question.ts';
import type { Answer } from '../../src/tools/broker-simulator/simulated-broker.ts';
import {
  type AuthRules,
  type TbmqReading,
  tbmqAllows,
  tbmqReads,
} from '../../src/tools/broker-simulator/tbmq-reads.ts';
import { type AskedServer, startAskedServer } from '../support/asked-server.ts';
import { RawConnection, readCapture, withPath } from '../support/captured-request.ts';
import { ALLOW, EVERY_DECISION } from '../support/decisions.ts';
import { goldenFile, goldenJson, missing } from '../support/golden.ts';

const CAPTURES = 'captures/tbmq';
const RESPONSES = 'vectors/tbmq/responses.json';
const SECRET = 'a-secret-for-tbmq';

interface Capture {
  readonly file: string;
  readonly group: string;
  readonly method: string;
  readonly fields: Readonly<Record<string, unknown>> | null;
  readonly forged?: readonly string[];
  readonly duplicateMembers?: boolean;
  readonly invalidJson?: boolean;
}

let plain: AskedServer;
let believing: AskedServer;
before(async () => {
  plain = await startAskedServer();
  believing = await startAskedServer({
    THINGPASS_SECRET_TBMQ: SECRET,
    THINGPASS_CERTIFICATE_FORMS: `tbmq:tbmq_name`,
  });
});
after(() => Promise.all([plain.close(), believing.close()]));

const DEVICE = {
  id: 'd1f0c3a0-7d8b-11ee-8c99-0242ac120002',
  name: 'dev',
  tenantId: 't',
  profileId: 'p',
  profileName: 'default',
  topics: {},
};
const ALLOW_DEVICE = {
  ...ALLOW,
  device: DEVICE,
  rights: {
    subject: { role: 'device', clientId: 'c', device: DEVICE } as const,
    rules: compileRules([]),
    perDeviceMountpoint: false,
  },
};

goldenFile(
  `${CAPTURES}/index.json`,
  () => goldenJson<Capture[]>(`${CAPTURES}/index.json`),
  async (one) => {
    const request = readCapture(`${CAPTURES}/${one.file}`);
    for (const [server, secretPath, believes] of [
      [plain, '', false],
      [believing, `/k/${SECRET}`, true],
    ] as const) {
      const connection = await RawConnection.open(server.port);
      try {
        const expected = expectedQuestion(one, believes);
        for (const decision of [ALLOW_DEVICE, unavailable('storage_unavailable')]) {
          server.decide = () => decision;
          server.forget();
          connection.write(withPath(request, `${secretPath}/tbmq`));
          const { status, headers, body } = await connection.reply();
          assert.equal(status, 200);
          assert.equal(headers.get('content-type'), 'application/json; charset=utf-8');
          if (one.method === 'HEAD') {
            assert.equal(server.question?.kind, 'settled');
            assert.equal(body, '');
            continue;
          }
          assert.deepEqual(server.question, expected);
          const { result, authRules } = JSON.parse(body);
          assert.equal(result, expected !== undefined && decision === ALLOW_DEVICE ? 'SUCCESS' : 'FAILURE');
          assert.ok(Array.isArray(authRules.pub) && Array.isArray(authRules.sub));
        }
      } finally {
        connection.close();
      }
    }
  },
);

/** `undefined`: refused, as everything that the broker's template alone would not have given. */
function expectedQuestion(one: Capture, believes: boolean): Question | undefined {
  const { fields, group, method } = one;
  if (one.forged || one.duplicateMembers || one.invalidJson || fields === null) return undefined;
  if (group === 'post-form' || fields.clientId === undefined) return undefined;
  // Where names are believed, only the template that nobody can forge will do.
  if (believes && group !== 'post-cn-last') return undefined;
  if (method === 'GET' && 'commonName' in fields) return undefined;
  const text = (name: string) => (fields[name] as string | undefined) || undefined;
  const commonName = believes ? text('commonName') : undefined;
  const certificate =
    commonName === undefined ? NO_CERTIFICATE : ({ kind: 'name', form: 'tbmq_name', commonName } as const);
  const names = {
    clientId: fields.clientId as string,
    username: text('username'),
    password: text('password'),
  };
  if (!names.clientId) return undefined;
  const ignoredCertificates =
    !believes && text('commonName') !== undefined ? [`commonName, a certificate as tbmq_name`] : undefined;
  return { kind: 'connect', attempt: { broker: 'tbmq', ...names, certificate, ignoredCertificates } };
}

interface Row {
  readonly response: string;
  readonly answer: Answer | null;
  readonly outcome: string;
  readonly clientType?: string;
  readonly authRules?: AuthRules | 'default';
}

/** First the table against what TBMQ's own methods say, then every answer of ours against the table. */
goldenFile(
  RESPONSES,
  () => goldenJson<{ auth: Row[] }>(RESPONSES).auth,
  ({ response, answer, outcome, clientType, authRules }) => {
    const body = response === 'too-large' ? '{}'.padEnd(300_000) : answer?.body;
    const reading: TbmqReading = tbmqReads(answer && { ...answer, body: body as string });
    assert.equal(reading.outcome, outcome);
    if (reading.outcome !== 'SUCCESS') return;
    assert.equal(reading.clientType, clientType);
    assert.deepEqual(reading.authRules, authRules);
  },
);

test('TBMQ makes of every answer of ours what was decided, with rules of ours', () => {
  const hostile = ['a/(', '+/x', '*', `devices/\${clientId}/.*`, '\\Qx\\E', 'a{', '[a', '', 'a\ud800'];
  const unusable = [
    ...hostile.map((pattern) => ({ pub: [pattern], sub: ['b'] })),
    { pub: ['x'.repeat(300_000)], sub: [] },
  ];
  for (const rules of unusable)
    assert.equal(tbmqReads(successWith(rules)).outcome, 'FAILURE', rules.pub[0]?.slice(0, 20));
  let answers = 0;
  for (const decision of [...EVERY_DECISION, ALLOW_DEVICE]) {
    const reading = tbmqReads(tbmqAnswer(decision));
    const allowed = decision.outcome === 'allow';
    assert.equal(
      reading.outcome,
      allowed ? 'SUCCESS' : decision.outcome === 'no_opinion' ? 'SKIPPED' : 'FAILURE',
    );
    // Never the provider's own rules, nor another kind of client than it was set to.
    if (reading.outcome === 'SUCCESS') {
      assert.equal(reading.clientType, 'default');
      assert.notEqual(reading.authRules, 'default');
    }
    answers++;
  }
  console.log(`${RESPONSES}: ${answers} answers of ours read as meant`);
});

interface RuleRow {
  readonly pattern: string;
  readonly topic: string;
  readonly match: boolean | null;
  readonly compiles?: boolean;
}

test(`${RESPONSES}: what is sent means to Java what it means here`, { skip: missing(RESPONSES) }, () => {
  const { rules } = goldenJson<{ rules: RuleRow[] }>(RESPONSES);
  let alike = 0;
  for (const { pattern, topic, match, compiles } of rules) {
    if (!isReadByBoth(pattern)) continue;
    assert.notEqual(compiles, false, pattern);
    assert.equal(tbmqAllows([pattern], topic), match, `${pattern} ${topic}`);
    alike++;
  }
  const refused = rules.filter(({ pattern }) => !isReadByBoth(pattern)).map(({ pattern }) => pattern);
  assert.deepEqual(refused, ['\\Qd+1\\E/x', '(?i)A/B', '', `devices/\${cn}/x`]);
  console.log(`${RESPONSES} rules: ${alike} read alike, ${refused.length} never sent`);
});

interface AclCase {
  readonly role: string;
  readonly mqttTransportConfiguration: object | null;
  readonly action: string;
  readonly topic: string;
  readonly expected: { readonly allow: boolean };
}

test('without rules of operators a device may publish what ThingsBoard’s grammar says, and subscribe to its own', {
  skip: missing(RESPONSES),
}, () => {
  const { deviceRules } = goldenJson<{
    deviceRules: { authRules: AuthRules; differences: { topic: string }[] };
  }>(RESPONSES);
  const cases = goldenJson<{ cases: AclCase[] }>('vectors/thingsboard/acl.json').cases.filter(
    (one) => one.role === 'device' && one.mqttTransportConfiguration === null,
  );
  const reading = tbmqReads(tbmqAnswer(ALLOW_DEVICE));
  assert.ok(reading.outcome === 'SUCCESS' && reading.authRules !== 'default');
  const { pub, sub } = reading.authRules;
  const differences = new Set(deviceRules.differences.map(({ topic }) => topic));
  let compared = 0;
  for (const { action, topic, expected } of cases) {
    if (action === 'subscribe') {
      // One topic for all devices here.
      assert.equal(tbmqAllows(sub, topic), false, topic);
    } else if (!differences.has(topic)) {
      // Up to nine digits: ten may be more than 32 bits hold.
      const wide = /[0-9]{10}/.test(topic);
      assert.equal(tbmqAllows(pub, topic), expected.allow && !wide, topic);
      if (!wide) assert.equal(tbmqAllows(deviceRules.authRules.pub, topic), expected.allow, topic);
    }
    compared++;
  }
  for (const patterns of [pub, sub]) {
    assert.ok(tbmqAllows(patterns, `devices/${DEVICE.id}/up/1`));
    assert.ok(!tbmqAllows(patterns, 'devices/other/up/1'));
    assert.ok(!tbmqAllows(patterns, `xdevices/${DEVICE.id}/up`));
  }
  assert.ok(tbmqAllows(sub, `devices/${DEVICE.id}/#`) && !tbmqAllows(sub, 'devices/#'));
  console.log(`${RESPONSES} deviceRules: ${compared} cases of acl.json compared`);
});
