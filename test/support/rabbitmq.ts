import assert from 'node:assert/strict';
import type { Question, WebhookRequest } from '../../src/brokers/dialect.ts';
import type { Allow, Deny } from '../../src/decision.ts';
import { ALLOW } from './decisions.ts';
import { post } from './questions.ts';

/*
 * What RabbitMQ makes of an answer (`rabbitmq.md` section 2), as a table to hold our answers against. The cases of
 * `vectors/rabbitmq/responses.json`, seen with a real one, hold the table itself.
 */

export interface Answer {
  readonly status?: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly delayMs?: number;
}

/** `crash`: the connection ends unanswered. `repeat`: asked again for as long as that is the answer. */
export type Reading =
  | { readonly decision: 'yes'; readonly tags: string }
  | { readonly decision: 'no' | 'crash' | 'repeat' | 'as the target' };

const REDIRECTS: ReadonlySet<number | undefined> = new Set([301, 302, 303, 307]);

/** @param timeoutMs `auth_http.request_timeout`. */
export function rabbitmqReads(endpoint: 'user' | 'other', answer: Answer, timeoutMs: number): Reading {
  const { status, body = '', headers = {}, delayMs = 0 } = answer;
  if (status === undefined || delayMs > timeoutMs) return { decision: 'no' };
  if (REDIRECTS.has(status)) return { decision: 'as the target' };
  if (status === 503 && 'retry-after' in headers) return { decision: 'repeat' };
  if (status !== 200 && status !== 201) return { decision: 'no' };
  const text = trimSpaces(body).toLowerCase();
  if (endpoint === 'user') {
    if (!text.startsWith('allow')) return { decision: 'no' };
    return { decision: 'yes', tags: trimSpaces(text.slice('allow'.length)) };
  }
  if (text === 'allow') return { decision: 'yes', tags: '' };
  return { decision: text === 'deny' ? 'no' : 'crash' };
}

/** Spaces only, no line breaks. */
function trimSpaces(text: string): string {
  return text.replace(/^ +| +$/g, '');
}

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
