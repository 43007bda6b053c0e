import { setTimeout as sleep } from 'node:timers/promises';

/** EMQX's management API, as far as it is used. */
export interface EmqxApi {
  /** Such as `http://127.0.0.1:18083/api/v5`. */
  readonly url: string;
  /** An API key and its secret, with a colon between; the role `publisher` is enough. */
  readonly key: string;
}

/** @returns `undefined` where none is configured, or not rightly; `problems` then says why, without the key. */
export function readEmqxApi(url: string, key: string, problems: string[]): EmqxApi | undefined {
  if (url === '' && key === '') return undefined;
  const before = problems.length;
  if (url === '' || key === '')
    problems.push('THINGPASS_EMQX_API_URL and THINGPASS_EMQX_API_KEY go together');
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const usable =
    parsed !== undefined && /^https?:$/.test(parsed.protocol) && !parsed.username && !parsed.search;
  if (url !== '' && !usable)
    problems.push('THINGPASS_EMQX_API_URL is no http or https URL without user name and query');
  if (key !== '' && !/^[^:]+:.+$/s.test(key)) problems.push('THINGPASS_EMQX_API_KEY is not key:secret');
  return problems.length > before ? undefined : { url: url.replace(/\/+$/, ''), key };
}

/** What `POST /publish` takes. */
export interface Message {
  readonly topic: string;
  readonly payload: string;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
}

const TRIES = 3;
const BETWEEN_TRIES_MS = 300;
const LONGEST_TRY_MS = 2_000;

/**
 * Publishes at EMQX. 202, "nobody has subscribed", is no failure: the client may have gone.
 * @throws {Error} when EMQX cannot be reached or refuses, after some tries; the message holds nothing of `message`.
 */
export async function publishAtEmqx({ url, key }: EmqxApi, message: Message): Promise<void> {
  for (let left = TRIES - 1; ; left--) {
    try {
      await publishOnce(`${url}/publish`, key, message);
      return;
    } catch (error) {
      if (left === 0 || error instanceof Refused) throw error;
      await sleep(BETWEEN_TRIES_MS);
    }
  }
}

/** Asking again would not help. */
class Refused extends Error {}

async function publishOnce(url: string, key: string, message: Message): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Basic ${Buffer.from(key, 'utf8').toString('base64')}`,
    },
    body: JSON.stringify(message),
    // The key is for this address and no other.
    redirect: 'error',
    signal: AbortSignal.timeout(LONGEST_TRY_MS),
  });
  await response.arrayBuffer();
  if (response.ok) return;
  const detail = `EMQX's management API answered ${response.status}`;
  throw response.status < 500 ? new Refused(detail) : new Error(detail);
}
