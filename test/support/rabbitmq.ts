import assert from 'node:assert/strict';
import type { WebhookRequest } from '../../src/brokers/dialect.ts';
import type { Allow, Deny } from '../../src/model/decision.ts';
import type { Question } from '../../src/model/question.ts';
import { ALLOW } from './decisions.ts';
import { post } from './questions.ts';

/** A device with a token, as resolution finds it. */
export const METER: Allow = {
  ...ALLOW,
  device: {
    id: '5c7a1b1e-1f6a-4a53-8d8f-b6f5a2f7c001',
    name: 'Meter 7',
    tenantId: 't',
    profileId: 'p',
    profileName: 'default',
    topics: {},
  },
  credentialsId: 'token-7',
};

export function form(fields: Readonly<Record<string, string>>): WebhookRequest {
  return post(new URLSearchParams(fields).toString());
}

/** What becomes of a known client. */
export function permitted(question: Question, client: Allow = METER): Allow | Deny {
  assert.ok(question.kind === 'identity', question.kind);
  return question.permit(client);
}

export function reasonOf(decision: Allow | Deny): string {
  return decision.outcome === 'allow' ? 'allow' : decision.reason;
}
