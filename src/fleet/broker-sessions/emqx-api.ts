import { setTimeout as sleep } from 'node:timers/promises';
import { ThingPassError } from '../../model/errors.ts';

/** EMQX's management API. */
export interface EmqxApi {
  /** Such as `http://127.0.0.1:18083/api/v5`. */
  readonly url: string;
  /** An API key and its secret, joined by a colon. The role `publisher` is sufficient. */
  readonly key: string;
}

/**
 * Checks the settings of EMQX's API.
 * @param problems receives one sentence for each problem, without the key.
 * @returns `undefined` if the API is not configured or the settings have a problem.
 */
export function readEmqxApi(url: string, key: string, problems: string[]): EmqxApi | undefined {
  if (url === '' && key === '') return undefined;
  const before = problems.length;
  if (url === '' || key === '')
    problems.push('THINGPASS_EMQX_API_URL and THINGPASS_EMQX_API_KEY must be set together');
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const usable =
    parsed !== undefined && /^https?:$/.test(parsed.protocol) && !parsed.username && !parsed.search;
  if (url !== '' && !usable)
    problems.push('THINGPASS_EMQX_API_URL must be an http or https URL without user name and query');
  if (key !== '' && !/^[^:]+:.+$/s.test(key))
    problems.push('THINGPASS_EMQX_API_KEY must have the form key:secret');
  return problems.length > before ? undefined : { url: url.replace(/\/+$/, ''), key };
}

/** The body of `POST /publish`. */
export interface Message {
  readonly topic: string;
  readonly payload: string;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
}

const TRIES = 3;
const RETRY_PAUSE_MS = 300;
const TRY_TIMEOUT_MS = 2_000;

/**
 * Publishes a message at EMQX. The status 202, "nobody has subscribed", is a success: the client may have
 * disconnected.
 * @throws {ThingPassError} `call_failed` if EMQX refuses, and `fetch`'s error if EMQX cannot be reached after several
 *   tries. Neither contains the message's content.
 */
export async function publishAtEmqx({ url, key }: EmqxApi, message: Message): Promise<void> {
  for (let left = TRIES - 1; ; left--) {
    const status = await publishOnce(`${url}/publish`, key, message).catch((error: unknown) => {
      if (left === 0) throw error;
      return 500;
    });
    if (status >= 200 && status < 300) return;
    // A repetition would not change a refusal.
    if (status < 500 || left === 0)
      throw new ThingPassError('call_failed', `EMQX's management API answered ${status}`);
    await sleep(RETRY_PAUSE_MS);
  }
}

/** @returns the status of the answer. @throws `fetch`'s error if there is no answer. */
async function publishOnce(url: string, key: string, message: Message): Promise<number> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Basic ${Buffer.from(key, 'utf8').toString('base64')}`,
    },
    body: JSON.stringify(message),
    // The key must be sent only to this address.
    redirect: 'error',
    signal: AbortSignal.timeout(TRY_TIMEOUT_MS),
  });
  await response.arrayBuffer();
  return response.status;
}
