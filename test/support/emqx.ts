import assert from 'node:assert/strict';
import type { WebhookRequest } from '../../src/brokers/dialect.ts';
import { emqx } from '../../src/brokers/emqx/dialect.ts';
import { EMQX_CERT_PEM } from '../../src/engine/certificates/forms/bodies/emqx.ts';
import type { ConnectAttempt, TopicAccess } from '../../src/model/question.ts';
import { PLAIN_SETTINGS } from './broker-settings.ts';
import { accessesOf, attemptOf, endpointAt, post } from './questions.ts';

export const BELIEVING = { ...PLAIN_SETTINGS, certificateForms: new Set([EMQX_CERT_PEM]) };
export const BELIEVING_NAMES = { ...PLAIN_SETTINGS, certificateForms: new Set(['emqx_name']) };
export const BELIEVING_BOTH = { ...PLAIN_SETTINGS, certificateForms: new Set([EMQX_CERT_PEM, 'emqx_name']) };

export const connect = endpointAt(emqx, '/emqx/authentication');
export const topic = endpointAt(emqx, '/emqx/authorization');
export const scram = endpointAt(emqx, '/emqx/scram');

/** What EMQX sends for a placeholder that it does not know in that place. */
export function placeholder(name: string): string {
  return `\${${name}}`;
}

export function json(fields: Record<string, unknown>): WebhookRequest {
  return post(JSON.stringify(fields), { 'content-type': 'application/json' });
}

export function attempt(fields: Record<string, unknown>, settings = PLAIN_SETTINGS): ConnectAttempt {
  return attemptOf(connect.read(json(fields), settings));
}

export function access(fields: Record<string, unknown>, settings = PLAIN_SETTINGS): TopicAccess {
  const [only, ...others] = accessesOf(topic.read(json(fields), settings));
  assert.ok(only !== undefined && others.length === 0);
  return only;
}

export const ASKED = { clientid: 'c', username: 'u', topic: 't', action: 'publish' };
