import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CERTIFICATE_TAG, RABBITMQ_NAME } from '../../src/brokers/rabbitmq/client.ts';
import { rabbitmq } from '../../src/brokers/rabbitmq/dialect.ts';
import type { Question } from '../../src/model/question.ts';
import { rabbitmqReads } from '../../src/tools/broker-simulator/rabbitmq-reads.ts';
import type { Answer } from '../../src/tools/broker-simulator/simulated-broker.ts';
import { EVERY_DECISION } from '../support/decisions.ts';
import { goldenFile, goldenJson } from '../support/golden.ts';

const RESPONSES = 'vectors/rabbitmq/responses.json';

/** `auth_http.request_timeout` where these were seen. */
const REQUEST_TIMEOUT_MS = 3_000;

interface Row {
  readonly endpoint: string;
  readonly case: string;
  readonly operation?: string;
  readonly answer: Partial<Answer> & { readonly delayMs?: number };
  readonly outcome: {
    readonly connack: number | null;
    readonly closed: boolean;
    readonly puback?: boolean;
    readonly suback?: readonly number[] | null;
    readonly tagsInLaterRequests?: string;
    readonly noConnackWithinMs?: number;
    readonly requests: readonly string[];
  };
}

/** First the table against what a real RabbitMQ did; every answer of ours against the table is below. */
goldenFile(
  RESPONSES,
  () => goldenJson<{ cases: Row[] }>(RESPONSES).cases,
  (row) => {
    const { outcome } = row;
    const inTime = (row.answer.delayMs ?? 0) <= REQUEST_TIMEOUT_MS;
    const reading = rabbitmqReads(row.endpoint === 'user' ? 'user' : 'other', inTime ? row.answer : {});
    if (!outcome.requests.some((asked) => asked === row.endpoint)) {
      // Not asked during this operation, so the answer was never given.
      assert.equal(outcome.connack, 0);
      return;
    }
    if (reading.decision === 'yes' || reading.decision === 'as the target') {
      assert.ok(outcome.connack === 0 && !outcome.closed && outcome.puback !== false);
      assert.equal(outcome.tagsInLaterRequests ?? '', reading.decision === 'yes' ? reading.tags : '');
      return;
    }
    const served =
      outcome.connack === 0 && !outcome.closed && outcome.puback !== false && outcome.suback !== null;
    assert.equal(served, false);
    if (reading.decision === 'repeat') assert.ok((outcome.noConnackWithinMs ?? 0) > 3_000);
    else if (row.endpoint === 'user') assert.equal(outcome.connack, 4);
    else if (row.endpoint === 'vhost') assert.equal(outcome.connack, reading.decision === 'no' ? 5 : null);
  },
);

test('RabbitMQ makes of every answer of ours what was decided', () => {
  const certificate = { kind: 'name', form: RABBITMQ_NAME, commonName: 'device-1' } as const;
  const attempt = { broker: 'rabbitmq', clientId: 'c', certificate } as const;
  const byCertificate = { kind: 'connect', attempt, tag: CERTIFICATE_TAG } as Question;
  const questions: readonly (Question | undefined)[] = [undefined, byCertificate];
  let answers = 0;
  for (const { name, answer } of rabbitmq.endpoints) {
    for (const decision of EVERY_DECISION) {
      for (const question of questions) {
        const reading = rabbitmqReads(name === 'connect' ? 'user' : 'other', answer(decision, question));
        const tags = name === 'connect' && question !== undefined ? CERTIFICATE_TAG : '';
        assert.deepEqual(
          reading,
          decision.outcome === 'allow' ? { decision: 'yes', tags } : { decision: 'no' },
        );
        answers++;
      }
    }
  }
  console.log(`${RESPONSES}: ${answers} answers of ours read as meant`);
});
