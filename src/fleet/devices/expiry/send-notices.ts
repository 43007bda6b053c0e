import { createHash, createHmac } from 'node:crypto';
import { ThingPassError } from '../../../model/errors.ts';
import { type CallLimits, callOut, type OutgoingConnections } from '../../../util/outgoing-call.ts';
import type { WebhookConfig } from './expiry-settings.ts';
import { type Notice, showNotice } from './notice.ts';

const BOUNDS: CallLimits = {
  tries: 4,
  tryMs: 5_000,
  totalMs: 30_000,
  pauseMs: 500,
  maxBytes: 64 * 1024,
};

/**
 * Sends notices as one message of "Standard Webhooks" (standardwebhooks.com): `webhook-id`, `webhook-timestamp` in epoch
 * seconds, and `webhook-signature`, the HMAC-SHA256 of `<id>.<timestamp>.<body>`. The id is the same whenever the same notices
 * are sent again, so that a receiver can tell.
 * @param now epoch milliseconds.
 * @throws {ThingPassError} `call_failed` where the receiver did not take them, after some tries; the sentence holds no URL.
 */
export async function sendNotices(
  connections: OutgoingConnections,
  { url, secrets }: WebhookConfig,
  notices: readonly Notice[],
  now: number,
  { stopping, bounds = BOUNDS }: { readonly stopping?: AbortSignal; readonly bounds?: CallLimits } = {},
): Promise<void> {
  const items = notices.map(showNotice);
  const timestamp = new Date(now).toISOString();
  const body = JSON.stringify({ type: 'credentials.expiring', timestamp, data: { items } });
  const id = `msg_${digest(items.map((item) => item.id).join(' '))}`;
  const seconds = String(Math.floor(now / 1_000));
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'ThingPass',
    'webhook-id': id,
    'webhook-timestamp': seconds,
    'webhook-signature': secrets.map((secret) => `v1,${sign(secret, id, seconds, body)}`).join(' '),
  };
  const result = await callOut(connections, { method: 'POST', url, headers, body }, bounds, stopping);
  if ('failure' in result) throw new ThingPassError('call_failed', result.failure);
  const { status } = result;
  if (status < 200 || status > 299) throw new ThingPassError('call_failed', `the receiver answers ${status}`);
}

/** Base64. A secret that begins with `whsec_` is the Base64 of the key, as the standard writes it; any other is the key's text. */
function sign(secret: string, id: string, seconds: string, body: string): string {
  const key = secret.startsWith('whsec_')
    ? Buffer.from(secret.slice('whsec_'.length), 'base64')
    : Buffer.from(secret, 'utf8');
  return createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64');
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
