import { ThingPassError } from '../model/errors.ts';
import type { WebhookRequest } from './dialect.ts';
import { Fields } from './fields.ts';
import { parseJsonObject } from './json-object.ts';
import { parseForm } from './urlencoded.ts';

const WHITE_SPACE = new Set([0x20, 0x09, 0x0a, 0x0d]);

/**
 * The fields of a request: of the query for GET (of the body where the query is empty: mosquitto-go-auth sends GET with a
 * JSON body), of the body otherwise.
 *
 * Whether a body is JSON or a form is seen from its first byte, not from its content type: NanoMQ sends forms as
 * `application/json; charset=utf-8` (`nanomq.md` section 2), and a broker, not its client, writes the first byte.
 * @throws {ThingPassError} `request_unreadable` for a body that is neither, or a content type that no broker uses for these.
 */
export function readFields(request: WebhookRequest): Fields {
  if (request.method === 'GET' && (request.query !== '' || request.body.length === 0)) {
    return parseForm(Buffer.from(request.query, 'latin1'));
  }
  return readBody(request);
}

/** The fields of the body alone; see {@link readFields}. */
export function readBody(request: WebhookRequest): Fields {
  const { body } = request;
  refuseForeignContentType(request.headers['content-type']);
  let start = 0;
  while (start < body.length && WHITE_SPACE.has(body[start] as number)) start++;
  if (start === body.length) return new Fields();
  switch (body[start]) {
    case 0x7b: // {
      return parseJsonObject(body);
    // Other JSON, and a byte-order mark with whatever behind it, may hold a client's `x&username=admin`: never a form.
    case 0x5b: // [
    case 0x22: // "
    case 0xef:
    case 0xfe:
    case 0xff:
      throw new ThingPassError('request_unreadable', NEITHER);
  }
  // mosquitto-go-auth's jwt backend sends the JSON text null for "nothing to say" (`mosquitto.md` section 9).
  if (body.length - start <= 6 && body.toString('latin1', start).trim() === 'null') return new Fields();
  if (!body.includes(0x3d)) throw new ThingPassError('request_unreadable', NEITHER);
  return parseForm(body);
}

const NEITHER = 'the body is neither a JSON object nor a form';

const FORM = 'application/x-www-form-urlencoded';
const JSON_TYPE = 'application/json';

function refuseForeignContentType(contentType: string | undefined): void {
  if (contentType === undefined || contentType === JSON_TYPE || contentType === FORM || contentType === '')
    return;
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase();
  if (type !== JSON_TYPE && type !== FORM) {
    throw new ThingPassError('request_unreadable', `the content type is neither ${JSON_TYPE} nor ${FORM}`);
  }
}
