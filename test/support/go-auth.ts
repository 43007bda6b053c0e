/**
 * What mosquitto-go-auth makes of an HTTP answer (`mosquitto.md` section 4), as a table to hold our answers against. The
 * observed cases of `vectors/mosquitto-go-auth/responses.json` hold the table itself to the real plugin.
 */

export type ResponseMode = 'status' | 'json' | 'text';
export type Verdict = 'allow' | 'deny' | 'error';

export interface Answer {
  readonly status: number;
  readonly body?: string;
}

export function goAuthReads(mode: ResponseMode, answer: Answer | undefined): Verdict {
  if (answer === undefined || answer.status >= 500) return 'error';
  if (answer.status < 200 || answer.status > 299) return 'deny';
  if (mode === 'status') return 'allow';
  if (mode === 'text') return answer.body === 'ok' ? 'allow' : 'deny';
  return readJson(answer.body ?? '');
}

/** As Go's decoder fills `{Ok bool; Error string}`: names without regard to case, the last of a repeated one wins. */
function readJson(body: string): Verdict {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return 'error';
  }
  if (parsed === null) return 'deny';
  if (typeof parsed !== 'object' || Array.isArray(parsed)) return 'error';
  let ok = false;
  for (const [name, value] of Object.entries(parsed)) {
    const lower = name.toLowerCase();
    if (lower === 'error' && value !== null && typeof value !== 'string') return 'error';
    if (lower !== 'ok' || value === null) continue;
    if (typeof value !== 'boolean') return 'error';
    ok = value;
  }
  return ok ? 'allow' : 'deny';
}

/** An answer given as bytes; `undefined` when it is not HTTP or ends before its length. */
export function parseRaw(raw: string): Answer | undefined {
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(raw)?.[1];
  const headEnd = raw.indexOf('\r\n\r\n');
  if (status === undefined || headEnd === -1) return undefined;
  const head = raw.slice(0, headEnd).toLowerCase();
  let body = raw.slice(headEnd + 4);
  if (head.includes('transfer-encoding: chunked')) {
    body = body.replace(/[0-9a-f]+\r\n([\s\S]*?)\r\n/gi, '$1').replace(/^0\r\n|\r\n$/g, '');
  }
  const length = /content-length: (\d+)/.exec(head)?.[1];
  if (length !== undefined && body.length < Number(length)) return undefined;
  return { status: Number(status), body };
}
