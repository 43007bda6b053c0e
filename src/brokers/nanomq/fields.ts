import type { WebhookRequest } from '../dialect.ts';
import type { Fields } from '../fields.ts';
import { readBody, readFields } from '../read-fields.ts';
import { parseForm } from '../urlencoded.ts';

/**
 * The fields that NanoMQ filled in: of the body for POST (a query is then the url's own), of the query for GET
 * (`nanomq.md` section 2).
 * @param known the names under which the dialect reads its fields.
 * @throws {ThingPassError} `request_unreadable` as `readFields` does.
 */
export function nanomqFields(request: WebhookRequest, known: ReadonlySet<string>): Fields {
  if (request.method !== 'GET') return readBody(request);
  const { method, headers, body } = request;
  return readFields({ method, headers, body, query: withoutOwnQuery(request.query, known) });
}

/**
 * A `url` that has a query gets the parameters after a second question mark: `tenant=7?clientid=…` (section 2).
 *
 * Only a query that begins with nothing of ours is cut: before 0.25.2 values are not encoded, and a question mark in a
 * user name would otherwise hide the fields before it.
 */
function withoutOwnQuery(query: string, known: ReadonlySet<string>): string {
  const mark = query.indexOf('?');
  if (mark === -1) return query;
  const own = parseForm(Buffer.from(query.slice(0, mark), 'latin1'));
  for (const name of own.names()) if (known.has(name)) return query;
  return query.slice(mark + 1);
}

const OPENING_BRACE = 0x7b;

/** Whether the fields came as JSON, which NanoMQ escapes in every version; forms and queries only since 0.25.2. */
export function sentAsJson(request: WebhookRequest): boolean {
  if (request.method === 'GET') return false;
  const { body } = request;
  let start = 0;
  while (start < body.length && (body[start] as number) <= 0x20) start++;
  return body[start] === OPENING_BRACE;
}
