import assert from 'node:assert/strict';
import type { Dialect, Endpoint, WebhookRequest } from '../../src/brokers/dialect.ts';
import type { Deny } from '../../src/model/decision.ts';
import { isThingPassError } from '../../src/model/errors.ts';
import type { ConnectAttempt, Question, TopicAccess } from '../../src/model/question.ts';

export function post(body: string | Buffer, headers: WebhookRequest['headers'] = {}): WebhookRequest {
  return { method: 'POST', query: '', headers, body: Buffer.from(body as string) };
}

export function get(query: string, headers: WebhookRequest['headers'] = {}): WebhookRequest {
  return { method: 'GET', query, headers, body: Buffer.alloc(0) };
}

export function endpointAt(dialect: Dialect, path: string): Endpoint {
  const found = dialect.endpoints.find((one) => one.path === path);
  assert.ok(found, path);
  return found;
}

export function attemptOf(question: Question): ConnectAttempt {
  assert.ok(question.kind === 'connect', question.kind);
  return question.attempt;
}

export function accessesOf(question: Question): readonly TopicAccess[] {
  assert.ok(question.kind === 'topic', question.kind);
  return question.accesses;
}

export function denialOf(question: Question): Deny {
  assert.ok(question.kind === 'settled', question.kind);
  assert.ok(question.decision.outcome === 'deny', question.decision.outcome);
  return question.decision;
}

export function assertUnreadable(read: () => Question, message: RegExp): void {
  assert.throws(read, (error) => {
    assert.ok(isThingPassError(error, 'request_unreadable'), String(error));
    assert.match(error.message, message);
    return true;
  });
}

/** Reads where every error but {ThingPassError} `request_unreadable` is a fault of the dialect's. */
export function readOrRefuse(read: () => Question): Question | undefined {
  try {
    return read();
  } catch (error) {
    assert.ok(isThingPassError(error, 'request_unreadable'), String(error));
    return undefined;
  }
}
